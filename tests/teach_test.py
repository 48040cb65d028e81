#!/usr/bin/env python3
"""Teaching by the program, as a user does it: teach_test.py PROGRAM SCRATCH

A tiny model learns a few words by heart, is killed and goes on, and is spoken with afterwards."""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import unittest

from tiny_server import make_model

PROGRAM, SCRATCH = sys.argv[1], pathlib.Path(sys.argv[2])
del sys.argv[1:]
SAID = [{"messages": [{"role": "user", "content": question},
                      {"role": "assistant", "content": answer}]}
        for question, answer in [("ab", "the mill"), ("cd", "the stone"), ("ef", "the grain"),
                                 ("gh", "the water")]]


class Teach(unittest.TestCase):
    def setUp(self):
        self.folder = SCRATCH / self._testMethodName
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        make_model(self.folder)
        self.data = self.folder / "data.jsonl"
        self.data.write_text("".join(json.dumps(line) + "\n" for line in SAID))

    def command(self, output, *options):
        return [PROGRAM, "teach", str(self.folder / "tiny"), "--data", str(self.data), "--output",
                str(self.folder / output), "--batch-tokens", "64", *options]

    def teach(self, output, *options, code=0):
        done = subprocess.run(self.command(output, *options), capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def losses(self, output):
        lines = (self.folder / output / "losses.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def test_learns_by_heart_and_says_it(self):
        self.teach("out", "--steps", "80", "--learning-rate", "0.01", "--rank", "4", "--targets",
                   "all", "--merge", "--validation", str(self.data))
        losses = self.losses("out")
        self.assertEqual(len(losses), 80)
        self.assertLess(losses[-1]["loss"], 0.2 * losses[0]["loss"])
        self.assertLess(losses[-1]["validation"], 0.2 * losses[0]["loss"])
        config = json.loads((self.folder / "out/adapter/adapter_config.json").read_text())
        self.assertEqual((config["peft_type"], config["r"]), ("LORA", 4))
        self.assertIn("<svg", (self.folder / "out/report.html").read_text())
        chat = [PROGRAM, "chat", str(self.folder / "out/model"), "--temperature", "0"]
        said = subprocess.run(chat, input="ab\n", capture_output=True, text=True, timeout=60)
        self.assertIn("the mill", said.stdout, said.stderr)

    def test_killed_it_goes_on_to_the_same_losses(self):
        options = ["--steps", "30", "--checkpoint-every", "4"]
        self.teach("whole", *options)
        killed = subprocess.Popen(self.command("killed", *options), stdout=subprocess.PIPE,
                                  text=True)
        for line in killed.stdout:
            if line.startswith("step 11/"):
                killed.send_signal(signal.SIGKILL)
                break
        killed.stdout.close()
        killed.wait()
        self.assertIn("going on after step", self.teach("killed", *options))
        self.assertEqual(self.losses("killed"), self.losses("whole"))
        adapters = [(self.folder / name / "adapter/adapter_model.safetensors").read_bytes()
                    for name in ("whole", "killed")]
        self.assertEqual(adapters[0], adapters[1])

    def test_all_weights_learn(self):
        self.teach("out", "--steps", "40", "--learning-rate", "0.01", "--method", "full")
        losses = self.losses("out")
        self.assertLess(losses[-1]["loss"], 0.5 * losses[0]["loss"])
        self.assertTrue((self.folder / "out/model/model.safetensors").exists())

    def test_bad_input_is_named_before_anything_is_trained(self):
        lines = [json.dumps(line) for line in SAID]
        lines[1:1] = ["{", json.dumps({"messages": [{"role": "user", "content": "x"}]})]
        self.data.write_text("\n".join(lines) + "\n")
        told = self.teach("out", code=2)
        self.assertIn("2 of its lines cannot be used (2, 3)", told)
        self.assertIn("line 2: no JSON", told)
        self.assertIn("line 3: no assistant's message", told)
        self.data.write_text(json.dumps(SAID[0]) + "\n")
        self.assertIn("there are q_proj, k_proj", self.teach("out", "--targets", "w_proj", code=2))
        self.assertIn("from 1 to", self.teach("out", "--rank", "4096", code=2))
        self.assertIn("learning rate", self.teach("out", "--learning-rate", "3", code=2))
        self.teach("out", "--steps", "4", "--checkpoint-every", "2")
        other = self.teach("out", "--steps", "5", "--checkpoint-every", "2", code=2)
        self.assertIn("is of another training: its steps is 4, here it is 5", other)
        self.assertFalse((self.folder / "out/losses.jsonl").read_text() == "")


unittest.main()
