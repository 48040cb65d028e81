#!/usr/bin/env python3
"""A batch outlives its server, however that dies.

    batches_kill_test.py PROGRAM MODEL

Serves MODEL with a state folder, leaves a batch there, and kills the server (SIGKILL) over and over
while it works. In the end every request has exactly one line, each line is the answer that a live
request gets, and the ledger has each answer once.
"""

import contextlib
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

REQUESTS, KILLS, SECONDS = 60, 6, 120
BOUNDARY = "the-boundary"


def start(program, model, folder):
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    server = subprocess.Popen([program, "serve", model, "--port", "0", "--port-file", port_file,
                               "--state", folder / "state", "--ledger", folder / "ledger.db"],
                              stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + SECONDS
    while not port_file.exists():
        if server.poll() is not None or time.monotonic() > end:
            sys.exit(f"the server does not start: {server.stderr.read()}")
        time.sleep(0.01)
    return server, f"http://127.0.0.1:{int(port_file.read_text())}/v1"


def ask(url, body=None, kind="application/json"):
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    request = urllib.request.Request(url, data, {"Content-Type": kind})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return answer.read().decode()


def body_of(i):
    # Every tenth is wrong, so that the file of errors is tested, too.
    return {"prompt": f"the mill {i}", "max_tokens": -1 if i % 10 == 9 else 60, "seed": i,
            "logit_bias": {"2": -100}}


def leave_batch(url):
    lines = "\n".join(json.dumps({"custom_id": f"r{i}", "method": "POST", "url": "/v1/completions",
                                  "body": body_of(i)}) for i in range(REQUESTS))
    parts = (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
             f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"'
             f"\r\n\r\n{lines}\r\n--{BOUNDARY}--\r\n")
    file = json.loads(ask(f"{url}/files", parts.encode(),
                          f"multipart/form-data; boundary={BOUNDARY}"))
    return json.loads(ask(f"{url}/batches", {"input_file_id": file["id"],
                                             "endpoint": "/v1/completions",
                                             "completion_window": "24h"}))["id"]


def batch(url, name):
    return json.loads(ask(f"{url}/batches/{name}"))


def done(shown):
    return shown["request_counts"]["completed"] + shown["request_counts"]["failed"]


def kill_often(program, model, folder):
    """Kills after some progress each time; the id of the batch and how often it was cut off."""
    server, url = start(program, model, folder)
    name, cut = leave_batch(url), 0
    for _ in range(KILLS):
        before, end = done(batch(url, name)), time.monotonic() + SECONDS
        while done(batch(url, name)) == before and time.monotonic() < end:
            if batch(url, name)["status"] == "completed":
                break
            time.sleep(0.002)
        time.sleep(random.random() * 0.05)
        cut += batch(url, name)["status"] == "in_progress"
        server.kill()
        server.wait()
        server, url = start(program, model, folder)
    return server, url, name, cut


def check_ledger(path, lines):
    with contextlib.closing(sqlite3.connect(path)) as ledger:
        rows = ledger.execute("SELECT id, outcome, answer_tokens FROM request").fetchall()
    told = [(line["response"]["request_id"], "whole",
             line["response"]["body"]["usage"]["completion_tokens"]) for line in lines]
    assert sorted(rows) == sorted(told), (rows, told)


def check(url, name, ledger):
    shown, end = batch(url, name), time.monotonic() + SECONDS
    while shown["status"] == "in_progress" and time.monotonic() < end:
        time.sleep(0.05)
        shown = batch(url, name)
    assert shown["status"] == "completed", shown
    wrong = len([i for i in range(REQUESTS) if i % 10 == 9])
    assert shown["request_counts"] == {"total": REQUESTS, "completed": REQUESTS - wrong,
                                       "failed": wrong}, shown
    lines = {what: [json.loads(line) for line in
                    ask(f"{url}/files/{shown[what]}/content").splitlines()]
             for what in ("output_file_id", "error_file_id")}
    ids = [line["custom_id"] for each in lines.values() for line in each]
    assert sorted(ids) == sorted(f"r{i}" for i in range(REQUESTS)), ids
    assert all(line["response"]["status_code"] == 400 for line in lines["error_file_id"])
    check_ledger(ledger, lines["output_file_id"])
    for line in lines["output_file_id"]:
        live = json.loads(ask(f"{url}/completions", body_of(int(line["custom_id"][1:]))))
        assert live["choices"] == line["response"]["body"]["choices"], line


def main():
    program, model = sys.argv[1:]
    random.seed(os.environ.get("SEED", "1"))
    with tempfile.TemporaryDirectory() as folder:
        server, url, name, cut = kill_often(program, model, pathlib.Path(folder))
        try:
            check(url, name, pathlib.Path(folder) / "ledger.db")
        finally:
            server.terminate()
            server.wait(60)
    print(f"cut off {cut} times in {KILLS}; each of {REQUESTS} requests has its line")
    assert cut > 0, "the batch was over before the first kill: make it longer"


main()
