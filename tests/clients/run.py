#!/usr/bin/env python3
"""Runs a test of an official client against the real server with a real model.

    run.py --program build/release/tokenmill --scratch build/release/clients python|node

Installs the client under SCRATCH (once), serves TOKENMILL_MODEL or the default model on a free
port, runs the test, and stops the server, which has to end well. Exit code 77: skipped, and why.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PYTHON_CLIENT = "openai==3.54.0"
NODE_CLIENT = "openai@6.49.0"
SKIPPED, NOT_FOUND = 77, 3
START_SECONDS = 120


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def install(words, what, folder):
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    if done.returncode != 0:
        skip(f"{what} cannot be installed here ({(done.stdout.strip().splitlines() or ['?'])[-1]})")


def python_test(scratch):
    """The command that runs the Python client's test."""
    python = scratch / "venv" / "bin" / "python"
    if not (scratch / PYTHON_CLIENT).exists():
        install([sys.executable, "-m", "venv", "venv"], "a virtual environment", scratch)
        install([python, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                 PYTHON_CLIENT], PYTHON_CLIENT, scratch)
        (scratch / PYTHON_CLIENT).touch()
    return [python, HERE / "openai_python.py"]


def node_test(scratch):
    if not (scratch / NODE_CLIENT).exists():
        install(["npm", "install", "--no-audit", "--no-fund", "--prefix", scratch, NODE_CLIENT],
                NODE_CLIENT, scratch)
        (scratch / NODE_CLIENT).touch()
    # Node looks for packages beside the script, so that is where the script goes.
    script = scratch / "openai_node.mjs"
    script.write_bytes((HERE / "openai_node.mjs").read_bytes())
    return ["node", script]


def start(program, folder):
    """The server and its port, once it is ready."""
    port_file = pathlib.Path(folder) / "port"
    words = [program, "serve", "--port", "0", "--port-file", port_file, "--context", "2048"]
    if os.environ.get("TOKENMILL_MODEL"):
        words += ["--model", os.environ["TOKENMILL_MODEL"]]
    server = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + START_SECONDS
    while not port_file.exists():
        if server.poll() is not None:
            why = server.stderr.read().strip()
            if server.returncode == NOT_FOUND:
                skip(why)
            sys.exit(f"the server ended with {server.returncode}: {why}")
        if time.monotonic() > deadline:
            server.kill()
            sys.exit(f"the server was not ready within {START_SECONDS} s")
        time.sleep(0.02)
    return server, int(port_file.read_text())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--scratch", required=True, type=pathlib.Path)
    parser.add_argument("client", choices=["python", "node"])
    options = parser.parse_args()
    scratch = options.scratch.resolve() / options.client
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server, port = start(options.program, folder)
        try:
            command = (python_test if options.client == "python" else node_test)(scratch)
            environment = dict(os.environ, TOKENMILL_URL=f"http://127.0.0.1:{port}/v1")
            code = subprocess.run(command, env=environment).returncode
        finally:
            server.send_signal(signal.SIGTERM)
            ended = server.wait(60)
    if ended != 0:
        sys.exit(f"the server ended with {ended}")
    sys.exit(code)


main()
