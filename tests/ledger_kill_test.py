#!/usr/bin/env python3
"""Kills the real server at seeded points, and compares its ledger with what its clients have.

    ledger_kill_test.py PROGRAM KILL_AT [--kills 40] [--seed 1] [--postgres]

One kill comes after a seeded time, from outside; the next in the middle of a seeded write or sync
of the ledger's files, from within (KILL_AT is the built kill_at.cc), half of the write done. With
--postgres the ledger is there, and the kills from within come when half of something is sent to
it, or before its answer is read. Exit code 77: skipped, since PostgreSQL is not installed.

Four clients ask without pause: whole answers, streams, several choices, and some leave in the
middle. After each kill, every request of which a client has the end must be in the ledger, once,
with the very tokens that the client was told; and there may be no row beyond those whose end was
still under way, or whose client has left. The ledger is the same throughout.
"""

import argparse
import contextlib
import pathlib
import random
import signal
import sqlite3
import sys
import tempfile
import time

from ledger_clients import Client, compare
from postgres import Cluster
from tiny_server import Server, make_model

CLIENTS = 4
ROWS = "SELECT id, prompt_tokens, thinking_tokens + answer_tokens FROM request"


class File:
    """A ledger in SQLite."""

    kill_file = "ledger.db"

    def __init__(self, folder):
        self.where = str(pathlib.Path(folder) / "ledger.db")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def rows(self):
        with contextlib.closing(sqlite3.connect(self.where)) as ledger:
            rows = ledger.execute(ROWS).fetchall()
            assert ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {row[0]: row[1:] for row in rows}


class Postgres(Cluster):
    """A ledger in PostgreSQL, over a Unix socket, whose path tells the connection."""

    kill_file = ".s.PGSQL"

    def __init__(self, _folder):
        super().__init__()
        self.where = self.socket_url()

    def rows(self):
        self.wait_for_sessions_to_end()  # a COMMIT of the dead may be under way
        if self.sql("SELECT to_regclass('request') IS NULL") == [["t"]]:
            return {}
        return {row[0]: (int(row[1]), int(row[2])) for row in self.sql(ROWS)}


def kill_once(options, folder, store, draw, from_within):
    """The clients of a server that was killed."""
    env = {}
    if from_within:
        env = {"LD_PRELOAD": options.kill_at, "KILL_FILE": store.kill_file,
               "KILL_AT": str(draw.randint(1, 150))}
    try:
        server = Server(options.program, folder, "--ledger", store.where, "--threads", 1, env=env)
    except RuntimeError:
        assert from_within
        return []  # it died while it opened the ledger
    clients = [Client(server, draw.random()) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    if from_within:
        assert server.process.wait(60) == -signal.SIGKILL
    else:
        time.sleep(draw.uniform(0.005, 0.3))
    server.kill()
    for client in clients:
        client.join()
    return clients


def kill_often(options, folder, store):
    """How many requests have finished, and how many rows there are besides."""
    draw = random.Random(options.seed)
    known, finished_all, others_all = {}, 0, 0
    for kill in range(options.kills):
        clients = kill_once(options, folder, store, draw, kill % 2 == 1)
        rows = store.rows()
        where = f"seed {options.seed}, kill {kill}"
        assert all(rows[key] == value for key, value in known.items()), f"{where}: rewritten"
        fresh = {key: value for key, value in rows.items() if key not in known}
        finished, others = compare(fresh, clients, where)
        known = rows
        finished_all += finished
        others_all += others
    return finished_all, others_all


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("kill_at")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make_model(folder)
        with (Postgres if options.postgres else File)(folder) as store:
            finished, others = kill_often(options, folder, store)
    print(f"{options.kills} kills: {finished} finished requests, all in the ledger once; "
          f"{others} more rows of requests whose clients had left or were waiting for the end")
    if finished < 2 * options.kills:
        sys.exit("too few requests finished for this to mean anything")


main()
