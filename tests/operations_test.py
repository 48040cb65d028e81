#!/usr/bin/env python3
"""Health, metrics and a drain of the real server: operations_test.py PROGRAM"""

import http.client
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from operations_samples import samples
from tiny_server import Server, make_model

PROGRAM = sys.argv.pop(1)
PROMPT = {"prompt": "the mill", "temperature": 0}


def lint(text):
    """promtool's exit code and complaints."""
    run = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.returncode, run.stdout.splitlines()


class Operations(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        make_model(folder.name)
        self.folder = folder.name
        self.server = Server(PROGRAM, folder.name)
        self.addCleanup(lambda: self.server.kill())

    def metrics_after(self, requests):
        """Once they count so many: they are published behind a step, whose answers are out then."""
        deadline = time.monotonic() + 20
        while True:
            found = samples(self.server.ask("/metrics")[2])
            if found['tokenmill_request_latency_seconds_count{model_name="tiny"}'] == requests:
                return found
            self.assertLess(time.monotonic(), deadline)

    def test_metrics_count_every_token(self):
        for tokens in (1, 5, 12):
            self.server.ask("/v1/completions", {**PROMPT, "max_tokens": tokens})
        found = self.metrics_after(3)
        for prefix, kv in (
                ("tokenmill_", "kv_cache_usage_ratio"), ("vllm:", "kv_cache_usage_perc")):
            get = lambda name: found[f'{prefix}{name}{{model_name="tiny"}}']
            self.assertEqual(get("prompt_tokens_total"), 3 * 8)
            self.assertEqual(get("generation_tokens_total"), 18)
            self.assertEqual(get("time_to_first_token_seconds_count"), 3)
            self.assertEqual(get("inter_token_latency_seconds_count"), 0 + 4 + 11)
            self.assertEqual(get(kv), 0)
            self.assertGreater(get("time_to_first_token_seconds_sum"), 0)
        self.assertEqual(
            found['vllm:request_success_total{model_name="tiny",finished_reason="length"}'], 3)
        self.assertEqual(found['vllm:num_requests_running{model_name="tiny"}'], 0)
        whole = found['tokenmill_request_latency_seconds_sum{model_name="tiny"}']
        parts = [found[f'tokenmill_request_{part}_seconds_sum{{model_name="tiny"}}']
                 for part in ("queue", "prefill", "decode")]
        self.assertAlmostEqual(whole, sum(parts), delta=0.01)

    @unittest.skipUnless(shutil.which("promtool"), "there is no promtool")
    def test_promtool_finds_nothing(self):
        self.server.ask("/v1/completions", {**PROMPT, "max_tokens": 3})
        text = self.server.ask("/metrics")[2]
        ours = "".join(line + "\n" for line in text.splitlines() if "vllm:" not in line)
        self.assertEqual(lint(ours), (0, []))
        # Of vLLM's names it dislikes what dashboards look for: the colons, and two endings.
        for line in lint(text)[1]:
            self.assertRegex(line, r"^vllm:\S+ (metric names should not contain ':'"
                                   r"|non-counter metrics should not have \"_total\" suffix)$")

    def hold(self):
        """A connection in the middle of its request, which keeps a drain from its end."""
        held = socket.create_connection(("127.0.0.1", self.server.port), timeout=60)
        held.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n"
                     b"Expect: 100-continue\r\n\r\n")
        self.assertIn(b" 100 ", held.recv(100))
        return held

    def wait_until_not_ready(self):
        deadline = time.monotonic() + 20
        while True:
            self.assertLess(time.monotonic(), deadline)
            try:
                if self.server.ask("/v1/health/ready")[0] == 503:
                    return
            except http.client.RemoteDisconnected:
                pass  # it was idle when the drain began

    def test_a_server_that_drains_is_alive_but_not_ready(self):
        self.assertEqual(self.server.ask("/v1/health/ready")[0], 200)
        held = self.hold()
        connection = self.server.connect()
        connection.request("POST", "/v1/completions",
                           '{"prompt": "the mill", "max_tokens": 200, "stream": true, '
                           '"temperature": 0, "ignore_eos": true}')
        self.addCleanup(connection.close)
        answer = connection.getresponse()
        answer.read1(10)
        self.server.process.send_signal(signal.SIGTERM)
        self.wait_until_not_ready()
        self.assertEqual(self.server.ask("/v1/health/live")[0], 200)
        status, headers, _ = self.server.ask("/v1/completions", PROMPT)
        self.assertEqual((status, headers["Retry-After"]), (503, "1"))
        self.assertTrue(answer.read().decode().endswith("data: [DONE]\n\n"))
        held.sendall(b"{}")
        self.assertIn(b" 503 ", held.recv(1000))
        held.close()
        self.assertEqual(self.server.process.wait(30), 0)

    def test_who_waits_for_too_long_is_told(self):
        self.server.kill()
        self.server = Server(PROGRAM, self.folder, "--parallel", 1)
        body = {**PROMPT, "max_tokens": 400, "ignore_eos": True}
        threads = [threading.Thread(target=self.server.ask, args=("/v1/completions", body))
                   for _ in range(40)]
        for thread in threads:
            thread.start()
        while not samples(self.server.ask("/metrics")[2])[
                'tokenmill_requests_waiting{model_name="tiny"}']:
            pass
        for stream in (False, True):
            status, headers, text = self.server.ask(
                "/v1/completions", {**body, "stream": stream}, X_Queue_Timeout="0.001")
            self.assertEqual((status, headers["Retry-After"]), (503, "1"))
            self.assertIn("was not begun", text)
        for thread in threads:
            thread.join()
        self.assertEqual(samples(self.server.ask("/metrics")[2])[
            'tokenmill_requests_late_total{model_name="tiny"}'], 2)

    def test_who_it_is(self):
        self.assertRegex(self.server.ask("/v1/version")[2], r'"release":"\d+\.\d+\.\d+"')
        self.assertTrue(re.search("Apache", self.server.ask("/v1/license")[2]))
        self.assertEqual(self.server.ask("/metrics")[1]["Content-Type"],
                         "text/plain; version=0.0.4; charset=utf-8")


unittest.main()
