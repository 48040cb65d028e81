#!/usr/bin/env python3
"""`tokenmill pull hf:…` against a hub that stands in for the real one, with all its bad days."""

import os
import pathlib
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

import stand_in_hub

PROGRAM = pathlib.Path(sys.argv.pop(1)).resolve()
# An empty GGUF v3, padded: no tensors, one key. What matters here is that all of it arrives.
HEAD = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
KEY = struct.pack("<Q", 20) + b"general.architecture" + struct.pack("<IQ", 8, 5) + b"llama"
MODEL = HEAD + KEY + random.Random(1).randbytes(3_000_000)
FOLDER = {"config.json": b"{}", "model.safetensors": MODEL, "tokenizer.json": b"{}",
          "README.md": b"#", "onnx/model.onnx": b"x", "original/consolidated.safetensors": b"x"}


def limit_file_size(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


class Pull(unittest.TestCase):
    def setUp(self):
        self.cache = pathlib.Path(tempfile.mkdtemp(prefix="pull-"))
        self.addCleanup(shutil.rmtree, self.cache)
        manager = stand_in_hub.hub({"org/one": {"m.gguf": MODEL, "README.md": b"#"},
                                    "org/two": {"a.gguf": MODEL, "q/b.gguf": MODEL},
                                    "org/folder": dict(FOLDER), "org/none": {"README.md": b"#"}})
        self.hub = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)

    def pull(self, spec, **more):
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.cache), "HF_ENDPOINT": self.hub.url,
                       "HF_TOKEN": "", "no_proxy": "127.0.0.1", **more.pop("env", {})}
        return subprocess.run([PROGRAM, "pull", spec], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=120, **more)

    def path(self, name):
        return self.cache / "tokenmill" / "models" / name

    def assert_here(self, done, name="org/one/m.gguf", content=MODEL):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"{self.path(name)}\n")
        self.assertTrue(self.path(name).read_bytes() == content)
        left = [p.name for p in self.path(name).parent.iterdir() if ".part" in p.name]
        self.assertEqual(left, [])

    def assert_refused(self, done, code, *words):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def ranges(self):
        return [wanted for _, wanted in self.hub.seen]

    def test_a_file_and_the_only_file(self):
        self.assert_here(self.pull("hf:org/one/m.gguf"))
        self.assert_here(self.pull("hf:org/one"))
        self.assertEqual(self.ranges(), [None])  # the second time it was there

    def test_a_file_in_a_folder(self):
        self.assert_here(self.pull("hf:org/two/q/b.gguf"), "org/two/q/b.gguf")

    def test_a_model_of_several_files(self):
        done = self.pull("hf:org/folder")
        self.assertEqual((done.returncode, done.stdout), (0, f"{self.path('org/folder')}\n"))
        here = {p.name for p in self.path("org/folder").iterdir()}
        self.assertEqual(here, {"config.json", "model.safetensors", "tokenizer.json"})

    def test_the_choice_is_the_users(self):
        self.assert_refused(self.pull("hf:org/two"), 2, "a.gguf, q/b.gguf")
        self.assert_refused(self.pull("hf:org/none"), 4, "neither .safetensors nor .gguf")

    def test_what_is_not_there(self):
        self.assert_refused(self.pull("hf:org/absent"), 3, "org/absent", "404")
        self.assert_refused(self.pull("hf:org/one/absent.gguf"), 3, "absent.gguf", "404")

    def test_cut_connections_are_taken_up_again(self):
        self.hub.cut_after = [1_000_000, 700_000]
        self.assert_here(self.pull("hf:org/one/m.gguf"))
        self.assertEqual(self.ranges(), [None, "bytes=1000000-", "bytes=1700000-"])

    def test_a_server_without_ranges_starts_over(self):
        self.hub.cut_after, self.hub.ranges = [1_000_000], False
        self.assert_here(self.pull("hf:org/one/m.gguf"))

    def test_busy_servers_are_asked_again(self):
        self.hub.refuse = [503, 429]
        self.assert_here(self.pull("hf:org/one/m.gguf"))

    def test_a_broken_server_is_given_up_and_what_came_is_kept(self):
        self.hub.cut_after = [1_000_000, 0, 0, 0, 0, 0]
        self.assert_refused(self.pull("hf:org/one/m.gguf"), 6, "1.0 MB are kept")
        self.assert_here(self.pull("hf:org/one/m.gguf"))
        self.assertEqual(self.ranges()[-1], "bytes=1000000-")

    def test_a_file_that_changed_meanwhile_starts_over(self):
        self.pull("hf:org/one/m.gguf", preexec_fn=limit_file_size(2_000_000))
        changed = self.hub.files["org/one"]["m.gguf"] = MODEL[:-1] + b"!"
        self.assert_here(self.pull("hf:org/one/m.gguf"), content=changed)

    def test_a_wrong_checksum_is_no_model(self):
        self.hub.wrong_digest = True
        self.assert_refused(self.pull("hf:org/one/m.gguf"), 2, "checksum", "has been deleted")
        self.assertEqual(list(self.path("org/one").iterdir()), [])

    def test_a_full_disk(self):
        done = self.pull("hf:org/one/m.gguf", preexec_fn=limit_file_size(2_000_000))
        self.assert_refused(done, 6, "cannot be written", "2.0 MB are kept", "make room")
        self.assert_here(self.pull("hf:org/one/m.gguf"))
        self.assertEqual(self.ranges(), [None, "bytes=2000000-"])

    def test_gated_models(self):
        self.hub.token = "secret"
        self.assert_refused(self.pull("hf:org/one/m.gguf"), 2, "HF_TOKEN")
        self.assert_here(self.pull("hf:org/one/m.gguf", env={"HF_TOKEN": "secret"}))

    def test_a_hub_out_of_reach(self):
        done = self.pull("hf:org/one", env={"HF_ENDPOINT": "http://127.0.0.1:9"})
        self.assert_refused(done, 6, "http://127.0.0.1:9", "cannot be reached")

    def test_names_from_the_server_stay_in_the_folder(self):
        self.hub.files["org/evil"] = {"../../m.gguf": MODEL, "ok/../../m.safetensors": MODEL}
        self.assert_refused(self.pull("hf:org/evil"), 4, "neither")


if __name__ == "__main__":
    unittest.main()
