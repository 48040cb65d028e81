#!/usr/bin/env python3
"""Sleeping and waking of the real server: sleep_test.py PROGRAM

Its memory is looked at with TOKENMILL_MODEL, a GGUF file, or the default model where that is."""

import http.client
import json
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import unittest

from operations_samples import samples
from tiny_server import Server, make_model

PROGRAM = sys.argv.pop(1)
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
MODEL = pathlib.Path(os.environ.get("TOKENMILL_MODEL") or
                     CACHE / "tokenmill/models/SmolLM2-135M-Instruct.Q4_1.gguf")
PROMPT = {"prompt": "the mill", "temperature": 0, "max_tokens": 40, "ignore_eos": True}


class Sleep(unittest.TestCase):
    def start(self, *options, model=None):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.weights = self.folder / "tiny" / "model.safetensors"
        if model is None:
            make_model(folder.name)
        else:
            shutil.copy(model, self.folder / "tiny")  # its name does not matter
        self.server = Server(PROGRAM, folder.name, *options)
        self.addCleanup(self.server.kill)

    def answer(self, body=None):
        status, _, text = self.server.ask("/v1/completions", body or PROMPT)
        self.assertEqual(status, 200, text)
        return json.loads(text)["choices"][0]["text"]

    def order(self, path, status=200):
        found, _, text = self.server.ask(path, {})
        self.assertEqual(found, status, text)
        return json.loads(text)

    def sleeping(self):
        return json.loads(self.server.ask("/is_sleeping")[2])["is_sleeping"]

    def metric(self, name):
        return samples(self.server.ask("/metrics")[2])[f'{name}{{model_name="tiny"}}']

    def wait_for(self, name, value):
        deadline = time.monotonic() + 60
        while self.metric(name) != value:
            self.assertLess(time.monotonic(), deadline)

    def test_the_same_answer_after_a_sleep_that_a_request_ends(self):
        self.start()
        before = self.answer()
        self.assertEqual(self.order("/sleep?level=1"), {"is_sleeping": True})
        self.assertTrue(self.sleeping())
        listed = json.loads(self.server.ask("/v1/models")[2])["data"][0]
        self.assertEqual(listed["status"], {"value": "sleeping"})
        self.assertEqual(self.server.ask("/v1/health/ready")[0], 200)
        self.assertEqual(self.answer(), before)
        self.assertFalse(self.sleeping())
        self.assertEqual(self.metric("tokenmill_model_wakes_total"), 1)

    def test_parked_requests_are_served_once_it_wakes(self):
        self.start()
        before = self.answer()
        self.order("/sleep?wake=call")
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.answer()))
                   for _ in range(5)]
        for thread in threads:
            thread.start()
        self.wait_for("tokenmill_requests_waiting", 5)
        status, headers, text = self.server.ask("/v1/completions", PROMPT,
                                                X_Queue_Timeout="0.001")
        self.assertEqual((status, headers["Retry-After"]), (503, "1"))
        self.assertIn("was not begun", text)
        self.assertEqual(answers, [])
        self.assertTrue(self.sleeping())
        self.order("/wake_up")
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [before] * 5)

    def test_a_model_that_nobody_asks_falls_asleep(self):
        self.start("--sleep-after", "0.01")
        self.wait_for("tokenmill_model_sleeps_total", 1)
        before = self.answer()
        self.wait_for("tokenmill_model_sleeps_total", 2)
        self.assertEqual(self.answer(), before)

    def test_weights_that_were_replaced_or_removed_are_still_the_same(self):
        self.start()
        before = self.answer()
        self.order("/sleep")
        other = self.folder / "other"
        other.write_bytes(b"nothing of use")
        os.rename(other, self.weights)
        self.assertEqual(self.answer(), before)
        self.order("/sleep")
        self.weights.unlink()
        self.assertEqual(self.answer(), before)

    def test_weights_that_were_written_to_are_refused_and_the_server_lives(self):
        self.start()
        before = self.answer()
        self.order("/sleep")
        then = self.weights.stat().st_mtime_ns
        os.utime(self.weights, ns=(then, then + 1))
        for _ in range(2):
            status, headers, text = self.server.ask("/v1/completions", PROMPT)
            self.assertEqual((status, headers["Retry-After"]), (503, "1"))
            self.assertIn("has been written to", text)
            self.assertNotIn(str(self.folder), text)
        self.order("/wake_up", 503)
        self.assertEqual(self.metric("tokenmill_model_failed_wakes_total"), 3)
        os.utime(self.weights, ns=(then, then))
        self.assertEqual(self.answer(), before)

    def test_a_server_with_parked_requests_can_be_stopped(self):
        self.start()
        self.order("/sleep?wake=call")
        thread = threading.Thread(target=self.be_cut_off)
        thread.start()
        self.wait_for("tokenmill_requests_waiting", 1)
        while self.server.process.poll() is None:  # the second signal cuts the drain short
            self.server.process.terminate()
            time.sleep(0.05)
        thread.join()
        self.assertEqual(self.server.process.returncode, 0)

    def be_cut_off(self):
        try:
            self.assertEqual(self.server.ask("/v1/completions", PROMPT)[0], 503)
        except (http.client.HTTPException, OSError):
            pass

    @unittest.skipUnless(MODEL.is_file(), "there is no model of some weight")
    def test_memory_goes_back(self):
        self.start("--context", "2048", model=MODEL)
        weight = MODEL.stat().st_size
        before = self.answer()
        awake = self.resident()
        self.order("/sleep")
        asleep = self.resident()
        print(f"awake {awake >> 20} MiB, asleep {asleep >> 20} MiB")
        self.assertLess(asleep, awake - weight * 0.9)
        self.assertEqual(self.answer(), before)
        self.order("/sleep")
        self.assertLess(self.resident(), asleep + weight * 0.1)
        self.measure()

    def resident(self):
        text = pathlib.Path(f"/proc/{self.server.process.pid}/statm").read_text()
        return int(text.split()[1]) * os.sysconf("SC_PAGESIZE")

    def first_token(self, number):
        """Seconds until it comes, of a prompt that is in no cache."""
        body = {**PROMPT, "prompt": f"{number} mills", "max_tokens": 1}
        begun = time.monotonic()
        self.answer(body)
        return time.monotonic() - begun

    def measure(self):
        """Told, and not judged: how fast machines are is no matter of a test."""
        awake, asleep = [], []
        for i in range(15):
            self.order("/sleep")
            asleep.append(self.first_token(i))
            awake.append(self.first_token(100 + i))
        waking = self.metric("tokenmill_model_last_wake_seconds")
        print(f"first token: awake {sorted(awake)[7]:.3f} s, asleep {sorted(asleep)[7]:.3f} s "
              f"(worst {max(asleep):.3f}); the last waking took {waking:.3f} s")


unittest.main()
