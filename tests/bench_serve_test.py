#!/usr/bin/env python3
"""`tokenmill bench serve` against the real server and a stand-in: bench_serve_test.py PROGRAM

No time is checked, only that what it counts is what the servers count."""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from tiny_server import Server, make_model

PROGRAM = sys.argv.pop(1)
STAND_IN = pathlib.Path(__file__).parent / "stand_in_completions.py"
SMALL = ["--prompt-tokens", "2-12", "--answer-tokens", "2-16"]


def bench(*arguments):
    return subprocess.run([PROGRAM, "bench", "serve", *map(str, arguments)], capture_output=True,
                          text=True, check=False, timeout=240)


def metrics(server):
    """{name: value}, summed over labels, of our own names."""
    found = {}
    for line in server.ask("/metrics")[2].splitlines():
        if line.startswith("tokenmill_"):
            name, value = line.rsplit(" ", 1)
            name = name.split("{")[0]
            found[name] = found.get(name, 0) + float(value)
    return found


class BenchServe(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.model = make_model(self.folder)

    def rows(self, *arguments):
        result = bench(*arguments, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def stand_in(self, log, *more):
        return " ".join(map(str, [sys.executable, STAND_IN, "{port}", self.folder / log, *more]))

    def asked(self, log):
        return sorted((self.folder / log).read_text().splitlines())

    def test_counts_are_the_servers_own(self):
        server = Server(PROGRAM, self.folder)
        self.addCleanup(server.kill)
        rows = self.rows(self.model, "--server", f"http://127.0.0.1:{server.port}", "--clients",
                         "4,8", "--requests", 60, "--vanish", 0, *SMALL)
        self.assertEqual([row["case"] for row in rows], ["4 clients", "8 clients"])
        deadline = time.monotonic() + 20
        while metrics(server)["tokenmill_requests_total"] < 120 and time.monotonic() < deadline:
            time.sleep(0.01)
        found = metrics(server)
        total = lambda key: sum(row[key] for row in rows)
        self.assertEqual(total("finished"), 120)
        self.assertEqual(total("failed") + total("vanished"), 0)
        self.assertEqual(found["tokenmill_requests_total"], 120)
        self.assertEqual(found["tokenmill_prompt_tokens_total"], total("prompt_tokens"))
        self.assertEqual(found["tokenmill_generation_tokens_total"], total("answer_tokens"))
        self.assertEqual(found["tokenmill_prefix_cache_hits_total"], total("cached_tokens"))
        self.assertGreater(total("cached_tokens"), 0)  # shared prefixes; and the second case's are
        self.assertEqual(server.stop(), 0)

    def test_it_starts_the_server_itself_and_clients_vanish(self):
        rows = self.rows(self.model, "--clients", 4, "--requests", 80, "--vanish", 0.4,
                         "--idle-connections", 50, "--rounds", 2, *SMALL)
        self.assertEqual([row["round"] for row in rows], [1, 2])
        for row in rows:
            self.assertEqual(row["failed"], 0, row)
            self.assertEqual(row["finished"] + row["vanished"], 80)
            self.assertGreater(row["vanished"], 10)
            for key in ("rss_start_bytes", "rss_warm_bytes", "rss_end_bytes", "tokens_per_s",
                        "prompt_tokens_per_s", "first_ms_p99", "gap_ms_p50", "generator_cpu_s"):
                self.assertGreater(row[key], 0, key)
            self.assertLessEqual(row["first_ms_p50"], row["first_ms_p99"])
            self.assertLessEqual(row["gap_ms_p99"], row["gap_ms_max"])

    def test_a_peer_is_asked_the_same(self):
        rows = self.rows(self.model, "--clients", 3, "--requests", 30, "--vs",
                         self.stand_in("peer"), "--vanish", 0, *SMALL)
        self.assertEqual([(row["side"], row["finished"]) for row in rows],
                         [("ours", 30), ("peer", 30)])
        self.rows(self.model, "--clients", 5, "--requests", 30, "--vs", self.stand_in("again"),
                  "--vanish", 0, *SMALL)
        self.rows(self.model, "--clients", 3, "--requests", 30, "--vs", self.stand_in("other"),
                  "--seed", 2, "--vanish", 0, *SMALL)
        asked = self.asked("peer")
        self.assertEqual(asked, self.asked("again"))
        self.assertNotEqual(asked, self.asked("other"))
        bodies = list(map(json.loads, asked))
        self.assertEqual(rows[1]["prompt_tokens"], sum(len(b["prompt"].split()) for b in bodies))
        self.assertEqual(rows[1]["answer_tokens"], sum(b["max_tokens"] for b in bodies))
        # Nobody ends early: of the tiny model, token 2 would.
        self.assertEqual(bodies[0]["logit_bias"], {"2": -100})
        self.assertEqual(rows[0]["answer_tokens"], rows[1]["answer_tokens"])

    def test_open_loops(self):
        (row,) = self.rows(self.model, "--rate", 40, "--duration", 1, *SMALL)
        self.assertEqual(row["failed"], 0)
        self.assertGreater(row["requests"], 15)
        trace = self.folder / "trace.jsonl"
        trace.write_text("".join(
            json.dumps({"at_ms": 5 * i, "prompt_tokens": 1 + i % 9, "answer_tokens": 1 + i % 4})
            + "\n" for i in range(40)))
        (row,) = self.rows(self.model, "--trace", trace, "--vanish", 0)
        self.assertEqual((row["finished"], row["failed"]), (40, 0))
        self.assertEqual(row["answer_tokens"], 100)

    def test_a_table_for_people(self):
        result = bench(self.model, "--clients", 2, "--requests", 10, "--vs", self.stand_in("log"),
                       "--rounds", 2, *SMALL)
        self.assertEqual(result.returncode, 0, result.stderr)
        for part in ("2 clients", "tokens/s out", "first token, ms, p99", "longest gap, ms",
                     "ours/peer", "memory, MiB", "the generator"):
            self.assertIn(part, result.stdout)

    def test_errors_name_the_remedy(self):
        trace = self.folder / "trace.jsonl"
        trace.write_text('{"at_ms": 0, "prompt_tokens": 3}\n')
        for code, told, arguments in (
                (2, "{clients}", ["--vs", "server {port} {clinets}"]),
                (2, "{port}", ["--vs", "server"]),
                (2, "line 1: 'answer_tokens'", ["--trace", trace]),
                (3, "/nonexistent", ["--trace", "/nonexistent"]),
                (2, "32-512", ["--prompt-tokens", "many"]),
                (2, "--vanish", ["--vanish", "2"]),
                (4, "http://127.0.0.1", ["--server", "https://127.0.0.1:1"]),
                (4, "no such engine", ["--vs", "sh -c 'echo no such engine {port}; exit 1'"]),
                (6, "status 503", ["--vanish", "0", "--server", self.refusing()])):
            with self.subTest(told):
                lengths = [] if "--prompt-tokens" in arguments else SMALL
                result = bench(self.model, "--clients", 2, "--requests", 6, *lengths, *arguments)
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertIn(told, result.stderr)

    def refusing(self):
        """The address of a stand-in that refuses every third request."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen([sys.executable, STAND_IN, str(port), self.folder / "refusing",
                                    "3"])
        self.addCleanup(lambda: (process.kill(), process.wait()))
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.01)
        return f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    unittest.main()
