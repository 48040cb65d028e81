#!/usr/bin/env python3
"""The console of the real server, as a browser reads it: console_test.py PROGRAM"""

import gzip
import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from tiny_server import HOUSE, Server, make_model

PROGRAM = sys.argv.pop(1)
PROMPT = {"prompt": "the mill", "temperature": 0, "ignore_eos": True}


class Stream:
    """An event stream, read by its lines."""

    def __init__(self, server, query="", **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        self.connection.request("GET", "/v1/console/events" + query, headers=headers)
        self.answer = self.connection.getresponse()

    def events(self):
        """(id, event, data) of each, as long as there are some."""
        fields = {}
        for line in self.answer:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "event" in fields:
                yield int(fields.get("id", 0)), fields["event"], json.loads(fields["data"])
                fields = {}

    def close(self):
        self.connection.close()


def violations(engine):
    """What is wrong with an engine's pictures, in words."""
    counters, blocks, prefix = engine["counters"], engine["blocks"], engine["prefix"]
    states = sum(blocks[state] for state in ("free", "cached", "shared", "owned"))
    if states != blocks["total"]:
        yield f"{states} of {blocks['total']} blocks have an owner"
    owners, counts = blocks["runs"][0::3], blocks["runs"][1::3]
    if sum(counts) != -(-blocks["total"] // blocks["stride"]):
        yield "not every block is drawn once"
    if any(owner >= len(blocks["owners"]) for owner in owners):
        yield "a block of nobody's"
    if sum(node["blocks"] for node in prefix["nodes"]) != prefix["shown"]:
        yield "the prefix tree's sums differ"
    steps = [step["step"] for step in engine["steps"]["steps"]]
    if steps != sorted(set(steps)) or len(steps) > 128:
        yield "steps out of order"
    for step in engine["steps"]["steps"]:
        for sequence in (step["prefill"] + step["decode"])[0::2]:
            if str(sequence) not in engine["steps"]["requests"]:
                yield f"sequence {sequence} of a step has no name"
    if counters["steps"] < len(steps):
        yield "more steps than there were"


class Console(unittest.TestCase):
    def start(self, *options):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        make_model(folder.name)
        self.folder = pathlib.Path(folder.name)
        server = Server(PROGRAM, folder.name, *options)
        self.addCleanup(server.kill)
        return server

    def state(self, server, **headers):
        status, found, text = server.ask("/v1/console/state", **headers)
        self.assertEqual((status, found["Cache-Control"]), (200, "no-store"))
        return json.loads(text)

    def test_the_state_adds_up_while_the_server_works(self):
        server = self.start("--context", 512)
        stop = threading.Event()

        def work(i):
            while not stop.is_set():
                server.ask("/v1/completions", {**PROMPT, "prompt": "the mill " * (20 + 9 * i),
                                               "max_tokens": 60, "n": 1 + i % 2})
        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        stream = Stream(server)
        begun, seen, ids = time.monotonic(), 0, []
        for number, event, state in stream.events():
            self.assertEqual(event, "state")
            engine = state["models"][0]["engine"]
            self.assertEqual(list(violations(engine)), [])
            self.assertEqual(
                sum(it["state"] in ("prefill", "decode") for it in state["models"][0]["sequences"]),
                engine["counters"]["running"])
            ids.append(number)
            if len(ids) == 4:
                break
        took = time.monotonic() - begun
        self.assertEqual(ids, sorted(set(ids)))
        self.assertGreater(took, 2.9)
        self.assertGreater(engine["rates"]["generated_tokens_per_second"], 0)
        self.assertGreater(engine["rates"]["busy"], 0)
        self.assertLessEqual(engine["rates"]["busy"], 1.01)
        self.assertGreater(engine["latency"]["first_token"]["recent"]["p50"], 0)
        self.assertGreater(len(engine["steps"]["steps"]), 0)
        self.assertGreater(len(engine["prefix"]["nodes"]), 0)
        stop.set()
        for thread in threads:
            thread.join()
        stream.close()

    def test_counters_are_those_of_metrics(self):
        server = self.start()
        server.ask("/v1/completions", {**PROMPT, "max_tokens": 7})
        deadline = time.monotonic() + 20
        while True:  # they are published behind the step whose answer is out
            counters = self.state(server)["models"][0]["engine"]["counters"]
            if counters["requests_done"] == 1 or time.monotonic() > deadline:
                break
        text = server.ask("/metrics")[2]
        for name, key in (("generation_tokens_total", "generated_tokens"),
                          ("prompt_tokens_total", "prompt_tokens"),
                          ("engine_steps_total", "steps")):
            told = re.search(rf'^tokenmill_{name}{{model_name="tiny"}} (\S+)$', text, re.M)[1]
            self.assertEqual(int(told), counters[key])
        self.assertEqual(counters["finished"]["length"], 1)

    def test_a_request_from_queue_to_ledger(self):
        server = self.start("--ledger", self.path("ledger.db"))
        _, headers, text = server.ask("/v1/completions", {**PROMPT, "max_tokens": 9})
        one = json.loads(server.ask(f"/v1/console/requests/{headers['X-Request-Id']}")[2])
        answer = one["answers"][0]
        timeline = [one["arrived_ms"], answer["queued_ms"], answer["began_ms"],
                    answer["first_token_ms"], answer["last_token_ms"], one["ended_ms"],
                    one["recorded_ms"]]
        self.assertEqual(timeline, sorted(timeline))
        self.assertLess(abs(time.time() * 1000 - one["recorded_ms"]), 60_000)
        usage = json.loads(text)["usage"]
        self.assertEqual((one["prompt_tokens"], one["generated_tokens"], one["receipt"]),
                         (usage["prompt_tokens"], usage["completion_tokens"], False))
        self.assertNotIn("the mill", json.dumps(one))
        page = json.loads(server.ask("/v1/console/requests?limit=1")[2])
        self.assertEqual(page["data"], [one])
        older = json.loads(server.ask(f"/v1/console/requests?before={page['next']}")[2])
        self.assertEqual((older["data"], older["next"]), ([], None))  # it is not told twice
        bill = json.loads(server.ask("/v1/console/tenants")[2])["bill"]
        self.assertEqual(bill["total"]["answer_tokens"], 9)

    def test_older_requests_are_the_ledgers(self):
        ledger = self.path("ledger.db")
        server = self.start("--ledger", ledger)
        ids = [server.ask("/v1/completions", {**PROMPT, "max_tokens": 3})[1]["X-Request-Id"]
               for _ in range(5)]
        self.assertEqual(server.stop(), 0)
        server = self.start("--ledger", ledger)
        page = json.loads(server.ask("/v1/console/requests")[2])
        self.assertEqual(page["data"], [])
        found = []
        while page["next"]:
            page = json.loads(server.ask(f"/v1/console/requests?limit=2&before={page['next']}")[2])
            found += page["data"]
        self.assertEqual({it["request"] for it in found}, set(ids))
        self.assertEqual(len(found), 5)
        one = json.loads(server.ask(f"/v1/console/requests/{ids[2]}")[2])
        self.assertEqual((one["source"], one["generated_tokens"], one["outcome"]),
                         ("ledger", 3, "whole"))
        self.assertIn(one, found)
        self.assertEqual(server.ask("/v1/console/requests/req_none")[0], 404)

    def test_what_can_be_loaded(self):
        folder = self.path("models")
        folder.mkdir()
        (folder / "a.gguf").write_bytes(b"four")
        keys = self.path("keys.json")
        tenant = self.key(keys, "acme", "inference")
        boss = self.key(keys, "boss", "inference", "operations", "admin")
        server = self.start("--models-folder", folder, "--keys", keys)
        for secret, status, admin in ((tenant, 403, False), (boss, 200, True)):
            as_ = {"Authorization": f"Bearer {secret}"}
            found, _, text = server.ask("/v1/console/models", **as_)
            self.assertEqual(found, status)
            state = self.state(server, **as_)
            self.assertEqual((state["admin"], state["server"]["models_folder"]), (admin, True))
        self.assertEqual(json.loads(text)["data"], [{"name": "a.gguf", "bytes": 4}])
        self.assertEqual(self.start().ask("/v1/console/models")[0], 404)

    def path(self, name):
        """In a folder that the server's is not yet."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name) / name

    def key(self, file, tenant, *scopes):
        words = [PROGRAM, "keys", "add", "--file", file, "--tenant", tenant]
        for scope in scopes:
            words += ["--scope", scope]
        made = subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE)
        return made.stdout.split()[0]

    def test_each_key_opens_its_part(self):
        keys = self.path("keys.json")
        acme, beta = (self.key(keys, tenant, "inference") for tenant in ("acme", "beta"))
        boss = self.key(keys, "boss", "operations")
        server = self.start("--keys", keys, "--ledger", self.path("ledger.db"))
        as_ = lambda secret: {"Authorization": f"Bearer {secret}"}
        for path in ("state", "events", "requests", "tenants"):
            self.assertEqual(server.ask(f"/v1/console/{path}")[0], 401)
        for secret in (acme, beta):
            self.assertEqual(
                server.ask("/v1/completions", {**PROMPT, "max_tokens": 3}, **as_(secret))[0], 200)
        self.assertEqual(server.ask("/v1/completions", PROMPT, **as_(boss))[0], 403)
        ask = lambda path, secret: json.loads(server.ask(path, **as_(secret))[2])
        tenants = lambda secret: [
            it["tenant"] for it in ask("/v1/console/requests", secret)["data"]]
        self.assertEqual((tenants(acme), tenants(boss)), (["acme"], ["beta", "acme"]))
        self.assertEqual({it["tenant"] for it in ask("/v1/console/tenants", boss)["tenants"]},
                         {"acme", "beta", "boss"})
        self.assertEqual([it["tenant"] for it in ask("/v1/console/tenants", beta)["bill"]["rows"]],
                         ["beta"])
        self.assertIsNone(ask("/v1/console/state", acme)["models"][0]["engine"])
        self.assertIsNotNone(ask("/v1/console/state", boss)["models"][0]["engine"])
        stream = Stream(server, **as_(acme))
        self.assertEqual(next(stream.events())[2]["view"], "tenant")
        stream.close()

    def test_a_server_that_stops_says_goodbye(self):
        server = self.start()
        stream = Stream(server)
        events = stream.events()
        next(events)
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        self.assertIn("bye", [event for _, event, _ in events])
        self.assertEqual(server.process.wait(30), 0)
        self.assertLess(time.monotonic() - begun, 20)  # it does not wait for the stream to end

    def test_pages(self):
        server = self.start()
        status, headers, _ = server.ask("/", Accept="text/html")
        self.assertEqual((status, headers["Location"]), (302, "/console/"))
        self.assertEqual(server.ask("/")[0], 404)
        status, headers, text = server.ask("/console/")
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        if status == 404:
            self.assertIn("make console", text)
            return
        self.assertEqual(status, 200)
        self.check_files(server, headers, text)

    def check_files(self, server, headers, text):
        """The pages are those of web/dist, packed or not, and told as known to who knows them."""
        self.assertEqual(text, (HOUSE / "web/dist/index.html").read_text())
        connection = server.connect()
        for path in sorted((HOUSE / "web/dist").rglob("*")):
            if not path.is_file():
                continue
            url = "/console/" + path.relative_to(HOUSE / "web/dist").as_posix()
            connection.request("GET", url, headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            body = answer.read()
            packed = answer.headers["Content-Encoding"] == "gzip"
            self.assertEqual(gzip.decompress(body) if packed else body, path.read_bytes(), url)
            connection.request("HEAD", url)
            head = connection.getresponse()
            head.read()
            self.assertEqual(head.headers["ETag"], answer.headers["ETag"])
            connection.request("GET", url, headers={"If-None-Match": answer.headers["ETag"]})
            known = connection.getresponse()
            self.assertEqual((known.status, known.read()), (304, b""))
        connection.close()
        self.assertEqual(server.ask("/console/../../etc/passwd")[0], 404)
        self.assertEqual(server.ask("/console/%2e%2e/index.html")[0], 404)


unittest.main()
