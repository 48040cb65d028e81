#!/usr/bin/env python3
"""Kills the real server at seeded points, and compares its ledger with what its clients have.

    ledger_kill_test.py PROGRAM KILL_AT [--kills 40] [--seed 1]

One kill comes after a seeded time, from outside; the next in the middle of a seeded write or sync
of the ledger's files, from within (KILL_AT is the built kill_at.cc), half of the write done.

Four clients ask without pause: whole answers, streams, several choices, and some leave in the
middle. After each kill, every request of which a client has the end must be in the ledger, once,
with the very tokens that the client was told; and there may be no row beyond those whose end was
still under way, or whose client has left. The ledger is the same file throughout.
"""

import argparse
import contextlib
import http.client
import json
import pathlib
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time

from tiny_server import Server, make_model

CLIENTS = 4


class Client(threading.Thread):
    """Asks until the server is gone."""

    def __init__(self, server, seed):
        super().__init__()
        self.server, self.random = server, random.Random(seed)
        self.finished = {}  # id: (tokens of prompt, tokens generated)
        self.others = 0  # requests begun whose end the client has not got

    def run(self):
        while True:
            self.others += 1
            try:
                if self.ask():
                    self.others -= 1
            except (OSError, http.client.HTTPException):
                return

    def ask(self):
        """True if it has the end."""
        stream = self.random.random() < 0.5
        body = {"prompt": "the mill" * self.random.randint(1, 8),
                "n": self.random.choice([1, 1, 2]), "max_tokens": self.random.randint(1, 24),
                "stream": stream, "temperature": 1}
        if stream:
            body["stream_options"] = {"include_usage": True}
        connection = self.server.connect()
        try:
            connection.request("POST", "/v1/completions", json.dumps(body))
            answer = connection.getresponse()
            if self.random.random() < 0.1:
                return False
            text = answer.read().decode()
        finally:
            connection.close()
        assert answer.status == 200, text
        if stream:
            if not text.endswith("data: [DONE]\n\n"):
                return False
            text = [line for line in text.splitlines() if '"usage":{' in line][-1][len("data: "):]
        usage = json.loads(text)["usage"]
        self.finished[answer.headers["X-Request-Id"]] = (usage["prompt_tokens"],
                                                         usage["completion_tokens"])
        return True


def rows_of(path):
    """{id: (tokens of prompt, tokens generated)}; the id is the table's key."""
    with contextlib.closing(sqlite3.connect(path)) as ledger:
        rows = ledger.execute("SELECT id, prompt_tokens, thinking_tokens + answer_tokens "
                              "FROM request").fetchall()
        assert ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return {row[0]: row[1:] for row in rows}


def kill_once(options, folder, draw, from_within):
    """What clients have got until the kill, and how many ends they have not got."""
    env = {}
    if from_within:
        env = {"LD_PRELOAD": options.kill_at, "KILL_FILE": "ledger.db",
               "KILL_AT": str(draw.randint(1, 150))}
    try:
        server = Server(options.program, folder, "--ledger", pathlib.Path(folder) / "ledger.db",
                        "--threads", 1, env=env)
    except RuntimeError:
        assert from_within
        return {}, 0  # it died while it opened the ledger
    clients = [Client(server, draw.random()) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    if from_within:
        assert server.process.wait(60) == -signal.SIGKILL
    else:
        time.sleep(draw.uniform(0.005, 0.3))
    server.kill()
    finished = {}
    for client in clients:
        client.join()
        finished.update(client.finished)
    return finished, sum(client.others for client in clients)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("kill_at")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    known, finished_all, others_all = {}, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        make_model(folder)
        for kill in range(options.kills):
            finished, others = kill_once(options, folder, draw, kill % 2 == 1)
            rows = rows_of(pathlib.Path(folder) / "ledger.db")
            fresh = {key: value for key, value in rows.items() if key not in known}
            where = f"seed {options.seed}, kill {kill}"
            assert all(rows[key] == value for key, value in known.items()), f"{where}: rewritten"
            for key, tokens in finished.items():
                assert key in fresh, f"{where}: {key} is lost"
                assert fresh[key] == tokens, f"{where}: {key} is {fresh[key]}, was told {tokens}"
            extra = len(fresh) - len(finished)
            assert extra <= others, f"{where}: {extra} rows too many, {others} can be explained"
            known = rows
            finished_all += len(finished)
            others_all += extra
    print(f"{options.kills} kills: {finished_all} finished requests, all in the ledger once; "
          f"{others_all} more rows of requests whose clients had left or were waiting for the end")
    if finished_all < 2 * options.kills:
        sys.exit("too few requests finished for this to mean anything")


main()
