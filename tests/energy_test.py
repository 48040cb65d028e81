#!/usr/bin/env python3
"""Where the joules go, by the real server's ledger and metrics: energy_test.py PROGRAM"""

import os
import sqlite3
import sys
import tempfile
import threading
import time
import unittest

from operations_samples import samples
from tiny_server import Server, make_model

PROGRAM = sys.argv.pop(1)
IDLE, BUSY = 40, 95  # watts


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Energy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        make_model(folder.name)
        self.ledger = folder.name + "/ledger.db"
        self.folder = folder.name

    def serve(self, *options):
        server = Server(PROGRAM, self.folder, "--ledger", self.ledger, *options)
        self.addCleanup(server.kill)
        return server

    def joules(self, server):
        """(requests, idle), once nothing runs."""
        deadline = time.monotonic() + 20
        while True:
            found = samples(server.ask("/metrics")[2])
            if found['tokenmill_requests_running{model_name="tiny"}'] == 0:
                return [found[f'tokenmill_energy_joules_total{{model_name="tiny",part="{part}",'
                              f'source="model"}}'] for part in ("requests", "idle")]
            self.assertLess(time.monotonic(), deadline)

    def test_shares_and_idle_are_the_meter(self):
        began = time.monotonic()
        server = self.serve("--power", f"{IDLE},{BUSY}")

        def ask(seed):
            body = {"prompt": "the mill " * (seed % 9 + 1), "max_tokens": 20 + 7 * (seed % 5),
                    "n": 1 + seed % 2, "seed": seed, "ignore_eos": True}
            if seed % 10 == 3:  # one who vanishes
                connection = server.connect()
                connection.request("POST", "/v1/completions",
                                   '{"prompt": "a", "stream": true, "max_tokens": 300, '
                                   '"ignore_eos": true}')
                connection.getresponse().read1(10)
                connection.sock.close()
                return
            self.assertEqual(server.ask("/v1/completions", body)[0], 200)

        for _ in range(3):
            threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            time.sleep(0.3)
        ask(1)
        requests, idle = self.joules(server)
        # The model once more, from what the kernel says of the process.
        meter = (IDLE * (time.monotonic() - began) +
                 (BUSY - IDLE) / os.cpu_count() * processor_seconds(server.process.pid))
        self.assertGreater(idle, IDLE * 0.6)
        self.assertGreater(requests, 0)
        # Until the model was loaded, and since the last step, nobody has counted.
        self.assertLess(requests + idle, meter)
        self.assertGreater(requests + idle, meter - BUSY * 1.5)
        self.assertEqual(server.stop(), 0)
        with sqlite3.connect(self.ledger) as ledger:
            rows = ledger.execute("SELECT millijoules, energy_source FROM request").fetchall()
        self.assertEqual(len(rows), 61)
        self.assertEqual({source for _, source in rows}, {"model"})
        self.assertAlmostEqual(sum(row[0] for row in rows) / 1000, requests, delta=requests / 100)

    def test_without_a_meter_nothing_is_said(self):
        server = self.serve("--power", "none")
        server.ask("/v1/completions", {"prompt": "the mill", "max_tokens": 3})
        self.assertNotIn("energy", server.ask("/metrics")[2])
        self.assertEqual(server.stop(), 0)
        with sqlite3.connect(self.ledger) as ledger:
            self.assertEqual(ledger.execute(
                "SELECT millijoules, energy_source FROM request").fetchall(), [(0, "")])

    def test_wrong_watts_are_refused(self):
        with self.assertRaisesRegex(RuntimeError, "IDLE,BUSY"):
            self.serve("--power", "95,40")


unittest.main()
