#!/usr/bin/env python3
"""The end of `make run` with the real model, where it has been fetched: an answer, its figures, a
clean stop, and a clear word where the port is taken."""

import os
import pathlib
import re
import socket
import subprocess
import sys

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "tools" / "first_run.py"


def stored_model():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    given = os.environ.get("TOKENMILL_MODEL")
    path = pathlib.Path(given) if given else cache / "tokenmill" / "models" / FILE
    return path if path.exists() else None


def first_run(program, model, port):
    words = [sys.executable, SCRIPT, "--once", "--program", program, "--model", model,
             "--port", str(port)]
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=300)


def main():
    program, model = sys.argv[1], stored_model()
    if model is None:
        print(f"skipped: {FILE} has not been fetched (tokenmill pull default)")
        return
    done = first_run(program, model, 0)
    assert done.returncode == 0, done.stderr
    figures = re.search(r"(\d+) tokens, ([\d.]+) tokens/s, first token after (\d+) ms, (\d+) MB",
                        done.stdout)
    assert figures and int(figures[1]) > 20 and float(figures[2]) > 0, done.stdout
    assert "mill" in done.stdout.split("\n\n")[1].lower(), done.stdout
    assert "curl http://127.0.0.1:" in done.stdout, done.stdout
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = first_run(program, model, port)
        assert refused.returncode not in (0, 1) and str(port) in refused.stderr, refused.stderr
    print(done.stdout)


main()
