#!/usr/bin/env python3
"""For tests: a server of PostgreSQL of their own, in a temporary folder, on a free port.

    postgres.py COMMAND …    runs it with the server's URL in TOKENMILL_TEST_POSTGRES

Exit code 77: skipped, since PostgreSQL is not installed.
"""

import csv
import ctypes
import io
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

from certificates import Authority

SKIPPED = 77
USER, PASSWORD = "mill", "mill:p@ss/w%rd?"  # one that a URL has to spell
# A commit that is not waited for comes seconds later, so that whoever trusts it is found out; what
# a loss of power would do is nothing that a test can see, so there is no fsync.
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "wal_writer_delay": "10s",
            "shared_buffers": "16MB", "max_connections": "60", "log_min_messages": "fatal"}
PR_SET_PDEATHSIG = 1


def programs():
    """The folder of the newest PostgreSQL, or None."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"),
                   key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return pathlib.Path(on_path).resolve().parent if on_path else None


def require():
    """The programs' folder; ends the test as skipped where there is none."""
    found = programs()
    if found is None:
        print("skipped: PostgreSQL is not installed (Debian package `postgresql`)")
        sys.exit(SKIPPED)
    return found


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class Cluster:
    """A server with the role `mill`, who owns the database `mill`; it ends with the test.

    It speaks TLS over TCP, as clients ask for where they can, with a certificate for 127.0.0.1.
    """

    def __init__(self, **settings):
        self.bin, self.port = require(), free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mill_pg_"))
        self.settings = {**SETTINGS, **settings}
        self.process = None
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        self.authority = Authority(self.folder, "authority")
        certificate, key = self.authority.sign("server")
        self.settings.update(ssl="on", ssl_cert_file=certificate, ssl_key_file=key)
        # It does not run as root.
        self.user = {"user": "postgres", "group": "postgres", "extra_groups": []} if (
            os.geteuid() == 0) else {}
        if self.user:
            for path in (self.folder, secret, certificate, key):
                shutil.chown(path, "postgres", "postgres")
        subprocess.run([self.bin / "initdb", "--no-sync", "-U", USER, "--pwfile", secret,
                        "--auth-local=trust", "--auth-host=scram-sha-256", "-E", "UTF8",
                        "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US",
                        self.folder / "data"], cwd="/", check=True, stdout=subprocess.DEVNULL,
                       **self.user)
        self.start()
        self.sql(f"CREATE DATABASE {USER}", database="postgres")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def start(self):
        settings = [word for name, value in self.settings.items() for word in ("-c",
                                                                               f"{name}={value}")]
        die_with_us = ctypes.CDLL(None).prctl
        self.process = subprocess.Popen(
            [self.bin / "postgres", "-D", self.folder / "data", "-k", self.folder, "-h",
             "127.0.0.1", "-p", str(self.port), *settings], cwd="/", start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: die_with_us(PR_SET_PDEATHSIG, signal.SIGQUIT), **self.user)
        deadline = time.monotonic() + 60
        ready = [self.bin / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            assert self.process.poll() is None and time.monotonic() < deadline, "no PostgreSQL"
            time.sleep(0.05)

    def stop(self, how=signal.SIGINT):
        """SIGINT is pg_ctl's `fast`, SIGQUIT its `immediate`: as if it had crashed."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def signal_all(self, what):
        """To the server and all its processes."""
        os.killpg(self.process.pid, what)
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in children.read_text().split():  # each leads a session of its own
            os.kill(int(pid), what)

    def url(self, database=USER, user=USER, password=PASSWORD):
        return (f"postgresql://{user}:{urllib.parse.quote(password, safe='')}@127.0.0.1:"
                f"{self.port}/{database}")

    def socket_url(self, database=USER, user=USER):
        return (f"postgresql://{user}@{urllib.parse.quote(str(self.folder), safe='')}:"
                f"{self.port}/{database}")

    def sql(self, text, database=USER):
        """The rows that it gives, as lists of text."""
        done = subprocess.run([self.bin / "psql", "-X", "-q", "-t", "--csv", "-v",
                               "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port), "-U",
                               USER, "-d", database], input=text, capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stderr
        return list(csv.reader(io.StringIO(done.stdout)))

    def sessions(self):
        """The processes that serve tokenmill's connections."""
        return [int(pid) for pid, in self.sql(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'tokenmill'")]

    def wait_for_sessions_to_end(self):
        deadline = time.monotonic() + 60
        while self.sessions():
            assert time.monotonic() < deadline, "a session does not end"
            time.sleep(0.01)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with Cluster() as cluster:
        done = subprocess.run(sys.argv[1:], check=False, env={
            **os.environ, "TOKENMILL_TEST_POSTGRES": cluster.url()})
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
