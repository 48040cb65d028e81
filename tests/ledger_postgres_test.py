#!/usr/bin/env python3
"""A ledger in PostgreSQL that servers share, and what they do when it is away.

    ledger_postgres_test.py PROGRAM

Exit code 77: skipped, since PostgreSQL is not installed.
"""

import concurrent.futures
import itertools
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from certificates import Authority
from ledger_clients import Client, compare
from operations_samples import samples
from postgres import PASSWORD, Cluster, require
from tiny_server import Server, make_model

PROGRAM = sys.argv.pop(1)
ROWS = ("SELECT id, prompt_tokens, thinking_tokens + answer_tokens FROM request "
        "WHERE outcome <> 'failed'")
NUMBERS = itertools.count()
PRICES = {"default": {"prompt": 0.1, "cached": 0.02, "answer": 0.4}}


def run(*words):
    """(exit code, output), which never has the password."""
    done = subprocess.run([PROGRAM, *map(str, words)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    assert PASSWORD not in done.stdout and "p%40ss" not in done.stdout, done.stdout
    return done.returncode, done.stdout


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.__exit__)

    def setUp(self):
        self.database = f"ledger_{next(NUMBERS)}"
        self.cluster.sql(f"CREATE DATABASE {self.database}")
        self.url = self.cluster.url(self.database)

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        make_model(folder.name)
        (pathlib.Path(folder.name) / "prices.json").write_text(json.dumps(PRICES))
        return pathlib.Path(folder.name)

    def serve(self, where, *options, folder=None):
        folder = folder or self.folder()
        server = Server(PROGRAM, folder, "--ledger", where, "--prices", folder / "prices.json",
                        "--threads", 1, *options)
        self.addCleanup(server.kill)
        return server

    def sql(self, text):
        return self.cluster.sql(text, database=self.database)

    def rows(self):
        return {row[0]: (int(row[1]), int(row[2])) for row in self.sql(ROWS)}

    def ask(self, server, seed=1):
        """The status. No two prompts begin alike, so that no server has some of it cached."""
        return server.ask("/v1/completions", {
            "prompt": f"{seed:02}, the mill" * (seed % 5 + 1), "max_tokens": 4 + seed % 7,
            "seed": seed})[0]

    def output(self, server):
        """What it has said by now."""
        server.log.flush()
        text = pathlib.Path(server.log.name).read_text()
        self.assertNotIn(PASSWORD, text)
        return text

    def clients(self, server, count=4):
        clients = [Client(server, seed, outages=True) for seed in range(count)]
        for client in clients:
            client.start()
        return clients

    def wait_for_answers(self, clients, more=40):
        """Some more of them, so that commits are under way."""
        def count():
            return sum(len(client.finished) for client in clients)
        wanted, deadline = count() + more, time.monotonic() + 30
        while count() < wanted:
            self.assertLess(time.monotonic(), deadline, "nobody is answered")
            time.sleep(0.01)

    def finish(self, clients):
        for client in clients:
            client.enough.set()
        for client in clients:
            client.join()


class Sharing(Case):
    def test_servers_that_start_at_once_share_it_and_bills_are_as_in_sqlite(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            folders = [self.folder() for _ in range(3)]
            servers = list(pool.map(lambda folder: self.serve(self.url, folder=folder), folders))
        file = folders[0] / "ledger.db"
        alone = self.serve(file)
        for seed in range(12):
            self.assertEqual(self.ask(servers[seed % len(servers)], seed), 200)
            self.assertEqual(self.ask(alone, seed), 200)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM request"), [["12"]])
        for form in ("table", "csv", "json"):
            shared = run("bill", "--ledger", self.url, "--format", form)
            self.assertEqual(shared, run("bill", "--ledger", file, "--format", form))
            self.assertEqual(shared[0], 0)
        self.assertEqual(json.loads(shared[1])["total"]["requests"], 12)
        self.assertNotEqual(json.loads(shared[1])["total"]["euros"], "0.000000000")
        for server in servers:
            self.assertNotIn(PASSWORD, server.ask("/metrics")[2] + self.output(server))
            self.assertEqual(server.stop(), 0)

    def test_tls_that_checks_whom_it_speaks_with(self):
        folder = self.folder()
        other = Authority(folder, "other")
        where = f"{self.url}?sslmode=verify-full&sslrootcert="
        server = self.serve(f"{where}{self.cluster.authority.file}", folder=folder)
        self.assertEqual(self.ask(server), 200)
        code, text = run("bill", "--ledger", f"{where}{other.file}")
        self.assertEqual(code, 6, text)
        self.assertIn("certificate verify failed", text)

    def test_rights(self):
        folder = self.folder()
        self.assertEqual(self.serve(self.url, folder=folder).stop(), 0)
        self.sql("CREATE ROLE auditor LOGIN; GRANT SELECT ON request, ledger_version TO auditor;"
                 "CREATE ROLE clerk LOGIN; GRANT SELECT ON ledger_version TO clerk;"
                 "GRANT SELECT, INSERT, UPDATE ON request TO clerk")
        clerk, auditor, nobody = (self.cluster.socket_url(self.database, role)
                                  for role in ("clerk", "auditor", "pg_monitor"))
        self.assertEqual(self.ask(self.serve(clerk, folder=folder)), 200)
        code, text = run("bill", "--ledger", auditor, "--format", "json")
        self.assertEqual(code, 0, text)
        self.assertEqual(json.loads(text)["total"]["requests"], 1)
        refusals = [(auditor, "permission denied for table request"),
                    (nobody, "is not permitted to log in")]
        for where, why in refusals:
            code, text = run("serve", folder / "tiny", "--port", 0, "--ledger", where)
            self.assertEqual(code, 6, text)
            self.assertIn(why, text)


class Wrong(Case):
    def refused(self, where, code, why):
        for words in (["serve", self.model, "--port", 0], ["bill"]):
            found, text = run(*words, "--ledger", where)
            self.assertEqual(found, code, text)
            self.assertRegex(text, why)
            self.assertEqual(text.count("\n"), 1, text)

    def test_what_is_wrong_is_told(self):
        self.model = self.folder() / "tiny"
        local = f"127.0.0.1:{self.cluster.port}"
        shown = f"^tokenmill (serve|bill): postgresql://mill@{local}/"
        with socket.socket() as nobody, socket.socket() as silent:
            for it in (nobody, silent):
                it.bind(("127.0.0.1", 0))
            silent.listen()
            away, mute = (f"postgresql://mill:secret@127.0.0.1:{it.getsockname()[1]}/mill"
                          for it in (nobody, silent))
            self.refused(away, 6, "Connection refused")
            self.refused(mute + "?connect_timeout=2", 6, "timeout expired")
        self.refused(self.cluster.url(password="guess"), 6,
                     f'{shown}mill: .*password authentication failed for user "mill"$')
        self.refused(f"postgresql://mill@{local}/mill", 6, "no password supplied")
        self.refused(self.cluster.url("none"), 6, f'{shown}none: .*database "none" does not exist$')
        self.refused(f"postgresql://mill:{PASSWORD}@{local}/mill", 2,
                     r"^tokenmill \w+: postgresql://…: no URL of PostgreSQL's; write .*%40 for @")
        self.assertEqual(run("bill", self.url)[0], 2)  # where the option's name is forgotten
        self.refused("mysql://mill:secret@127.0.0.1/mill", 2, "^tokenmill \\w+: mysql://…: a ledger"
                     " is a file, or postgresql://")
        self.cluster.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' "
                         "TEMPLATE template0")
        self.refused(self.cluster.url("latin"), 4, "the database's encoding is LATIN1, .*UTF8")
        self.sql("CREATE TABLE ledger_version AS SELECT 4 AS version")
        self.refused(self.url, 4, "a ledger of version 4; this program knows version 3")

    def test_somebody_elses_table(self):
        self.sql("CREATE TABLE request (id int)")
        code, text = run("serve", self.folder() / "tiny", "--port", 0, "--ledger", self.url)
        self.assertEqual(code, 6, text)
        self.assertIn('the ledger\'s tables cannot be made (relation "request" already exists)',
                      text)
        self.assertEqual(self.sql("SELECT to_regclass('ledger_version') IS NULL"), [["t"]])

    def test_no_right_to_make_tables(self):
        self.sql("CREATE ROLE guest LOGIN")
        code, text = run("serve", self.folder() / "tiny", "--port", 0, "--ledger",
                         self.cluster.socket_url(self.database, "guest"))
        self.assertEqual(code, 6, text)
        self.assertIn("cannot be made (permission denied for schema public)", text)


class Away(Case):
    def test_it_is_stopped_and_crashes_under_load(self):
        server = self.serve(self.url)
        clients = self.clients(server)
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGQUIT, signal.SIGINT, signal.SIGQUIT):
            self.wait_for_answers(clients)
            self.cluster.stop(how)
            time.sleep(0.3)
            self.cluster.start()
        self.wait_for_answers(clients)
        self.finish(clients)
        finished, _ = compare(self.rows(), clients, "stopped and started")
        self.assertGreaterEqual(finished, 240)
        self.assertIn("the ledger works again", self.output(server))
        self.assertEqual(server.stop(), 0)

    def test_short_absence_loses_nothing(self):
        server = self.serve(self.url)
        self.assertEqual(self.ask(server), 200)
        self.cluster.stop()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            asked = pool.submit(self.ask, server)
            time.sleep(1)
            self.assertEqual(self.ask(server), 503)
            self.cluster.start()
            self.assertEqual(asked.result(), 200)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM request"), [["2"]])

    def test_broken_idle_connection_is_no_absence(self):
        server = self.serve(self.url)
        for _ in range(3):
            self.assertEqual(self.ask(server), 200)
            for pid in self.cluster.sessions():
                self.sql(f"SELECT pg_terminate_backend({pid})")
            self.cluster.wait_for_sessions_to_end()
        self.assertEqual(self.ask(server), 200)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM request"), [["4"]])
        self.assertNotIn("the ledger", self.output(server))

    def test_long_absence_fails_what_waits_and_refuses_the_rest(self):
        server = self.serve(self.url)
        self.cluster.stop()
        began = time.monotonic()
        status, _, text = server.ask("/v1/completions", {"prompt": "a", "max_tokens": 3})
        self.assertEqual((status, json.loads(text)["error"]["message"]), (
            500, "The request could not be entered in the ledger; try again"))
        self.assertTrue(5 <= time.monotonic() - began < 10, time.monotonic() - began)
        status, headers, _ = server.ask("/v1/completions", {"prompt": "a"})
        self.assertEqual((status, headers["Retry-After"]), (503, "1"))
        self.assertEqual(samples(server.ask("/metrics")[2])["tokenmill_ledger_lost_total"], 1)
        said = self.output(server)
        self.assertRegex(said, r"the ledger: postgresql://mill@127\.0\.0\.1:\d+/\w+: .*refused")
        self.assertEqual(json.loads(said[said.index('{"unrecorded"'):].splitlines()[0])
                         ["generated_tokens"], 3)
        self.cluster.start()
        time.sleep(2.5)
        self.assertEqual(self.ask(server), 200)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM request"), [["1"]])

    def test_session_that_hangs_is_replaced(self):
        server = self.serve(self.url)
        self.assertEqual(self.ask(server), 200)
        (pid,) = self.cluster.sessions()
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(os.kill, pid, signal.SIGCONT)
        self.assertEqual(self.ask(server), 200)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM request"), [["2"]])

    def test_server_that_hangs_is_an_absence(self):
        server = self.serve(self.url)
        self.cluster.signal_all(signal.SIGSTOP)
        began = time.monotonic()
        self.assertEqual(self.ask(server), 500)
        self.assertLess(time.monotonic() - began, 15)
        self.assertEqual(self.ask(server), 503)
        self.cluster.signal_all(signal.SIGCONT)
        deadline = time.monotonic() + 15
        while self.ask(server) != 200:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        # The first request's commit lay in the frozen session's socket, and may have been made.
        while self.sql("SELECT COUNT(*) FROM request WHERE outcome <> 'failed'") != [["1"]]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.assertEqual(json.loads(run("bill", "--ledger", self.url, "--format", "json")[1])
                         ["total"]["requests"], 1)


if __name__ == "__main__":
    require()
    unittest.main()
