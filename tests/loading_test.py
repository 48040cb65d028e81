#!/usr/bin/env python3
"""Models that come and go while the real server runs: loading_test.py PROGRAM"""

import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from operations_samples import samples
from tiny_server import Server, make_model

PROGRAM = sys.argv.pop(1)
PROMPT = {"prompt": "the mill", "temperature": 0, "max_tokens": 20, "ignore_eos": True}


class Loading(unittest.TestCase):
    def start(self, *options):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        make_model(folder.name)
        self.models = self.folder / "models"
        shutil.copytree(self.folder / "tiny", self.models / "other")
        self.server = Server(PROGRAM, folder.name, "--models-folder", self.models, *options)
        self.addCleanup(self.server.kill)

    def post(self, path, body, status=200, **headers):
        found, _, text = self.server.ask(path, body, **headers)
        self.assertEqual(found, status, text)
        if str(self.folder) not in json.dumps(body):
            self.assertNotIn(str(self.folder), text)
        return json.loads(text)

    def answer(self, model):
        return self.post("/v1/completions", {**PROMPT, "model": model})["choices"][0]["text"]

    def wait_for(self, name, value):
        """Figures are published behind a step, whose answers are out by then."""
        deadline = time.monotonic() + 60
        while samples(self.server.ask("/metrics")[2])[name] != value:
            self.assertLess(time.monotonic(), deadline)

    def listed(self):
        models = json.loads(self.server.ask("/v1/models")[2])["data"]
        return {model["id"]: model["status"]["value"] for model in models}

    def test_a_model_comes_answers_sleeps_and_goes(self):
        self.start()
        loaded = self.post("/models/load", {"model": "other", "id": "second", "context": 100})
        self.assertEqual(loaded, {"success": True, "id": "second", "context_length": 100})
        self.assertEqual(self.answer("second"), self.answer("tiny"))
        self.post("/sleep?model=second", {})
        self.assertEqual(self.listed(), {"tiny": "loaded", "second": "sleeping"})
        self.assertEqual(self.answer("second"), self.answer("default"))
        for model in ("tiny", "second"):
            self.wait_for(f'tokenmill_generation_tokens_total{{model_name="{model}"}}', 40)
        self.post("/models/unload", {"model": "second"})
        self.assertEqual(self.listed(), {"tiny": "loaded"})
        self.post("/v1/completions", {**PROMPT, "model": "second"}, 404)
        still = 'model_name="second"' in self.server.ask("/metrics")[2]
        self.assertFalse(still)

    def test_the_default_goes_and_the_next_one_is_it(self):
        self.start()
        before = self.answer("default")
        self.post("/models/load", {"model": "other"})
        self.post("/models/unload", {"model": "tiny"})
        self.assertEqual(self.answer("default"), before)
        self.post("/models/unload", {"model": "other"})
        self.post("/v1/completions", PROMPT, 404)
        self.assertEqual(self.server.ask("/health")[0], 200)
        self.post("/v1/models/load", {"model": "other"})
        self.assertEqual(self.answer("default"), before)
        self.assertEqual(self.server.stop(), 0)

    def test_requests_that_run_are_finished(self):
        self.start()
        self.post("/models/load", {"model": "other"})
        before = self.answer("other")
        self.post("/sleep?wake=call&model=other", {})
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.answer("other")))
                   for _ in range(8)]
        for thread in threads:
            thread.start()
        self.wait_for('tokenmill_requests_waiting{model_name="other"}', 8)
        self.post("/models/unload", {"model": "other"})
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [before] * 8)

    def test_nothing_outside_of_the_folder_is_loaded(self):
        self.start()
        (self.models / "link").symlink_to(self.folder / "tiny")
        for name in ("../tiny", str(self.folder / "tiny"), "link", "nothing", "."):
            self.post("/models/load", {"model": name}, 404)
        (self.models / "bad.gguf").write_bytes(b"no model")
        self.post("/models/load", {"model": "bad.gguf"}, 400)
        self.post("/models/load", {"model": "other", "id": "tiny"}, 409)
        self.assertEqual(self.listed(), {"tiny": "loaded"})

    def test_a_model_that_does_not_fit_hurts_nobody(self):
        self.start()
        before = self.answer("tiny")
        error = self.post("/models/load", {"model": "other", "kv_memory": "100000GB"}, 507)
        self.assertRegex(error["error"]["message"], "needs [0-9]+ bytes")
        self.assertEqual(self.answer("tiny"), before)

    def test_the_ledger_and_receipts_know_each_model(self):
        key = [PROGRAM, "receipts", "key", "--secret"]
        with tempfile.TemporaryDirectory() as folder:
            secret, public = f"{folder}/mill.key", f"{folder}/mill.pub"
            subprocess.run([*key, secret, "--public", public], check=True, stdout=subprocess.PIPE)
            ledger = f"{folder}/ledger.db"
            self.start("--ledger", ledger, "--receipts", f"{folder}/receipts", "--receipt-key",
                       secret)
            with open(self.models / "other" / "chat_template.jinja", "a") as changed:
                changed.write("{# another model #}")
            self.post("/models/load", {"model": "other", "id": "second"})
            for model in ("tiny", "second"):
                status, headers, text = self.server.ask(
                    "/v1/completions", {**PROMPT, "model": model}, X_Tokenmill_Receipt="true")
                self.assertEqual(status, 200, text)
                receipt = self.server.ask(f"/v1/receipts/{headers['X-Request-Id']}")[2]
                pathlib.Path(f"{folder}/receipt").write_text(receipt)
                path = self.folder / "tiny" if model == "tiny" else self.models / "other"
                run = subprocess.run(
                    [PROGRAM, "verify", f"{folder}/receipt", "--public-key", public, "--model",
                     str(path)], stdout=subprocess.PIPE, text=True)
                self.assertEqual(run.returncode, 0, run.stdout)
            with sqlite3.connect(ledger) as database:
                rows = dict(database.execute("SELECT model, model_digest FROM request"))
            self.assertEqual(set(rows), {"tiny", "second"})
            self.assertNotEqual(rows["tiny"], rows["second"])

    def test_many_come_and_go_beside_one_that_answers(self):
        self.start()
        before, over, answers = self.answer("tiny"), threading.Event(), []

        def keep_asking():
            while not over.is_set():
                answers.append(self.answer("tiny"))

        asking = threading.Thread(target=keep_asking)
        asking.start()
        try:
            for i in range(20):
                self.post("/models/load", {"model": "other", "id": f"m{i}"})
                self.assertEqual(self.answer(f"m{i}"), before)
                self.post("/models/unload", {"model": f"m{i}"})
        finally:
            over.set()
            asking.join()
        self.assertEqual(set(answers), {before})


unittest.main()
