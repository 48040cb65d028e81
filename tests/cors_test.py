#!/usr/bin/env python3
"""What web pages of other sites get from the real server: cors_test.py PROGRAM"""

import sys
import tempfile
import unittest

from tiny_server import Server, make_model

PROGRAM = sys.argv.pop(1)
APP, OTHER = "https://app.example", "https://other.example"
ASK = {"prompt": "the mill", "max_tokens": 2, "temperature": 0}


def of_cors(headers):
    return {name for name in headers if name.lower().startswith("access-control-")}


class Cors(unittest.TestCase):
    def start(self, *options):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        make_model(folder.name)
        server = Server(PROGRAM, folder.name, *options)
        self.addCleanup(server.kill)
        return server

    def preflight(self, server, origin):
        connection = server.connect()
        connection.request("OPTIONS", "/v1/chat/completions", headers={
            "Origin": origin, "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def test_nobody_by_default(self):
        server = self.start()
        for path, body in (("/v1/models", None), ("/v1/completions", ASK), ("/health", None)):
            status, headers, _ = server.ask(path, body)
            self.assertEqual((status, of_cors(headers)), (200, set()))
            status, headers, text = server.ask(path, body, Origin=OTHER)
            self.assertEqual((status, of_cors(headers)), (403 if body else 200, set()))
            if body:
                self.assertIn(f"--cors-origin {OTHER}", text)
        answer = self.preflight(server, OTHER)
        self.assertEqual((answer.status, of_cors(answer.headers)), (405, set()))

    def test_those_who_are_listed(self):
        server = self.start("--cors-origin", "http://localhost:3000", "--cors-origin", APP)
        answer = self.preflight(server, APP)
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], APP)
        self.assertEqual(answer.headers["Access-Control-Allow-Headers"],
                         "authorization, content-type")
        for stream in (False, True):
            status, headers, _ = server.ask("/v1/completions", {**ASK, "stream": stream},
                                            Origin=APP)
            self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (200, APP))
        refused = server.ask("/v1/completions", ASK, Origin=OTHER)
        self.assertEqual((refused[0], of_cors(refused[1])), (403, set()))
        self.assertEqual(of_cors(self.preflight(server, OTHER).headers), set())

    def test_a_page_sees_why_it_is_refused(self):
        server = self.start("--cors-origin", APP)
        status, headers, _ = server.ask("/v1/nowhere", Origin=APP)
        self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (404, APP))

    def test_what_is_no_origin_is_refused_at_the_start(self):
        for wrong in ("*", "https://app.example/", "app.example"):
            with self.assertRaisesRegex(RuntimeError, "--cors-origin"):
                self.start("--cors-origin", wrong)


unittest.main()
