#!/usr/bin/env python3
"""Writes docs/conformance.md: what each official client can do with the real server.

    conformance.py --program build/release/tokenmill --scratch build/release/clients

A row for each test of tests/clients, with the versions of the packages and passed, FAILED or
skipped. Exit code 1 if anything failed.
"""

import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "clients"))
import run  # noqa: E402  (what it needs is found by the line above)

TITLES = {
    "python": "OpenAI for Python", "node": "OpenAI for JavaScript",
    "anthropic": "Anthropic for JavaScript", "ollama": "Ollama for JavaScript",
    "ai": "Vercel's AI SDK", "agents": "OpenAI's agents SDK", "langchain": "LangChain",
    "openapi": "OpenAI's OpenAPI document",
}
TAP = re.compile(r"^(ok|not ok) \d+ - (.*?)(?: # (SKIP).*)?$", re.M)
UNITTEST = re.compile(r"^test_(\w+) \(.*\)(?:\n.*)? \.\.\. (ok|FAIL|ERROR|skipped.*)$", re.M)
HEAD = """# What works with which client

Written by `make conformance`: each official client, as its makers publish it, against the real
server with a small real model ([the tests](../tests/clients)). "OpenAI's OpenAPI document" holds
every response, and every event of a stream, against the schemas that OpenAI publishes.

| client | packages | feature | |
|---|---|---|---|
"""


def results(output):
    """(feature, verdict) of each test in what a client's test has printed."""
    verdicts = {"ok": "passed", "not ok": "FAILED"}
    found = [(name, "skipped" if skipped else verdicts[word])
             for word, name, skipped in TAP.findall(output)]
    for name, word in UNITTEST.findall(output):
        verdict = "passed" if word == "ok" else "skipped" if word[0] == "s" else "FAILED"
        found.append((name.replace("_", " "), verdict))
    return found


def serve_and_test(program, command):
    with tempfile.TemporaryDirectory() as folder:
        server, port = run.start(program, folder)
        try:
            environment = dict(os.environ, TOKENMILL_URL=f"http://127.0.0.1:{port}/v1")
            done = subprocess.run(command, env=environment, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)
    return done


def rows_of(client, options):
    """The table's rows of one client."""
    scratch = options.scratch.resolve() / client
    scratch.mkdir(parents=True, exist_ok=True)
    packages = " ".join(f"`{package}`" for package in run.CLIENTS[client][1])
    try:
        done = serve_and_test(options.program, run.test_of(client, scratch))
    except SystemExit as skipped:  # run.skip
        return [(TITLES[client], packages, "all", f"skipped ({skipped.code})")]
    found = results(done.stdout)
    if not found or (done.returncode != 0 and all(v != "FAILED" for _, v in found)):
        print(done.stdout)
        found.append(("all", "FAILED"))
    return [(TITLES[client], packages, feature, verdict) for feature, verdict in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--scratch", required=True, type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs" / "conformance.md")
    options = parser.parse_args()
    rows = []
    for client in run.CLIENTS:
        rows += rows_of(client, options)
        print(f"{client}: " + ", ".join(f"{r[2]} {r[3]}" for r in rows if r[0] == TITLES[client]))
    text = HEAD + "".join("| " + " | ".join(row) + " |\n" for row in rows)
    options.out.write_text(text)
    failed = sum(row[3] == "FAILED" for row in rows)
    print(f"{len(rows)} rows, {failed} failed; see {options.out}")
    sys.exit(1 if failed else 0)


main()
