#!/usr/bin/env python3
"""Runs a test of an official client against the real server with a real model.

    run.py --program build/release/tokenmill --scratch build/release/clients CLIENT

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
# Each client: its test, and the packages that the test needs, the client itself first.
CLIENTS = {
    "python": ("openai_python.py", ["openai==3.54.0"]),
    "node": ("openai_node.mjs", ["openai@6.49.0"]),
    "anthropic": ("anthropic_node.mjs", ["@anthropic-ai/sdk@1.12.0"]),
    "ollama": ("ollama_node.mjs", ["ollama@0.6.4"]),
    "ai": ("ai_node.mjs", ["ai@7.0.173", "@ai-sdk/openai-compatible@3.0.92", "zod@4.6.7"]),
    "agents": ("agents_node.mjs", ["@openai/agents@0.20.0", "zod@4.6.7"]),
    "langchain": ("langchain_python.py", ["langchain-openai==1.7.4"]),
    "openapi": ("openapi_python.py", ["jsonschema==4.26.0"]),
}
NODE_AT_LEAST = {"agents": 20}  # what @modelcontextprotocol/client, which it imports, asks for
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


def python_test(script, packages, scratch, mark):
    """The command that runs a Python client's test."""
    python = scratch / "venv" / "bin" / "python"
    if not mark.exists():
        install([sys.executable, "-m", "venv", "venv"], "a virtual environment", scratch)
        install([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages],
                packages[0], scratch)
    return [python, HERE / script, "-v"]


def node_test(script, packages, scratch, mark):
    version = subprocess.run(["node", "--version"], stdout=subprocess.PIPE, text=True).stdout
    least = NODE_AT_LEAST.get(scratch.name, 0)
    if int(version.lstrip("v").split(".")[0]) < least:
        skip(f"{packages[0]} needs Node.js {least}, and this is {version.strip()}")
    if not mark.exists():
        install(["npm", "install", "--no-audit", "--no-fund", "--prefix", scratch, *packages],
                packages[0], scratch)
    # Node looks for packages beside the script, so that is where the script goes.
    copy = scratch / script
    copy.write_bytes((HERE / script).read_bytes())
    return ["node", "--test-reporter=tap", "--test", copy]


def test_of(client, scratch):
    script, packages = CLIENTS[client]
    mark = scratch / ("installed-" + "-".join(packages).replace("/", "_"))
    command = (python_test if script.endswith(".py") else node_test)(script, packages, scratch,
                                                                     mark)
    mark.touch()
    return command


def start(program, folder):
    """The server and its port, once it is ready."""
    port_file = pathlib.Path(folder) / "port"
    words = [program, "serve", "--port", "0", "--port-file", port_file, "--context", "2048",
             "--state", pathlib.Path(folder) / "state"]
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
    parser.add_argument("client", choices=CLIENTS)
    options = parser.parse_args()
    scratch = options.scratch.resolve() / options.client
    scratch.mkdir(parents=True, exist_ok=True)
    command = test_of(options.client, scratch)
    with tempfile.TemporaryDirectory() as folder:
        server, port = start(options.program, folder)
        try:
            environment = dict(os.environ, TOKENMILL_URL=f"http://127.0.0.1:{port}/v1")
            code = subprocess.run(command, env=environment).returncode
        finally:
            server.send_signal(signal.SIGTERM)
            ended = server.wait(60)
    if ended != 0:
        sys.exit(f"the server ended with {ended}")
    sys.exit(code)


if __name__ == "__main__":
    main()
