#!/usr/bin/env python3
"""HTTPS of the real server, as openssl s_client, curl and Python see it: tls_test.py PROGRAM"""

import concurrent.futures
import http.client
import json
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from certificates import Authority, openssl, put
from tiny_server import Server, make_model

PROGRAM = sys.argv.pop(1)
STREAMS = 16
STREAMED = {"prompt": "the mill", "temperature": 0, "max_tokens": 100, "stream": True,
            "ignore_eos": True}
HANDSHAKE_MAX = 10  # seconds, the server's
OLD = ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")  # s_client itself does not dislike it


class TlsServer(Server):
    context = None

    def connect(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60,
                                           context=self.context)


def trusting(authority):
    return ssl.create_default_context(cafile=authority.file)


def streamed(connection):
    """The events of a streamed answer, without what differs from one to the next."""
    connection.request("POST", "/v1/completions", json.dumps(STREAMED))
    text = connection.getresponse().read().decode()
    connection.close()
    return re.sub(r'"id":"[^"]*"|"created":\d+', "", text)


def samples(server):
    lines = server.ask("/metrics")[2].splitlines()
    return {name: float(value) for name, _, value in
            (line.rpartition(" ") for line in lines if not line.startswith("#"))}


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        make_model(cls.folder)
        cls.authority, cls.other = Authority(cls.folder, "ca"), Authority(cls.folder, "other")
        cls.pairs = [cls.authority.sign(name) for name in ("first", "second")]
        cls.crt, cls.key = cls.folder / "server.crt", cls.folder / "server.key"

    def setUp(self):
        self.show(0)

    def show(self, which):
        # The certificate first: for a moment, the pair does not match.
        for source, target in zip(self.pairs[which], (self.crt, self.key)):
            put(source, target)

    def start(self, *options):
        server = TlsServer(PROGRAM, self.folder, "--tls-cert", self.crt, "--tls-key", self.key,
                           *options)
        server.context = trusting(self.authority)
        self.addCleanup(server.kill)
        return server

    def health(self, server, *options, scheme="https"):
        """(exit code, what it complains of)"""
        run = subprocess.run([PROGRAM, "health", f"{scheme}://127.0.0.1:{server.port}", *options],
                             text=True, capture_output=True, timeout=60)
        return run.returncode, run.stderr

    def log(self):
        return (self.folder / "log").read_text()

    def s_client(self, server, *options):
        """(whether it is content, all that it says)"""
        run = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile",
             self.authority.file, "-verify_return_error", "-verify_ip", "127.0.0.1", *options],
            input="", text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return run.returncode == 0, run.stdout

    def curl(self, server, *options, scheme="https", path="/v1/models"):
        """(exit code, what came)"""
        run = subprocess.run(["curl", "-s", "-S", *map(str, options),
                              f"{scheme}://127.0.0.1:{server.port}{path}"],
                             text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             timeout=60)
        return run.returncode, run.stdout

    def test_openssl_agrees_with_1_2_and_1_3_alone(self):
        server = self.start()
        self.assertIn(f"https://127.0.0.1:{server.port}/v1", self.log())
        for option, version in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
            good, said = self.s_client(server, option, "-alpn", "h2,http/1.1")
            self.assertTrue(good, said)
            self.assertIn(f"New, {version}, Cipher is", said)
            for part in ("Verify return code: 0 (ok)", "ALPN protocol: http/1.1",
                         "Compression: NONE"):
                self.assertIn(part, said)
            self.assertNotIn("session ticket", said)
        for options, complaint in (
                (OLD, "alert protocol version"), (("-alpn", "h2"), "alert no application protocol"),
                (("-tls1_2", "-cipher", "AES128-SHA:AES128-GCM-SHA256"), "handshake failure"),
                (("-CAfile", self.other.file), "certificate verify failed")):
            good, said = self.s_client(server, *options)
            self.assertFalse(good)
            self.assertIn(complaint, said)

    def test_curl_is_served_over_tls_and_told_without(self):
        server = self.start()
        code, text = self.curl(server, "--cacert", self.authority.file)
        self.assertEqual((code, json.loads(text)["data"][0]["id"]), (0, "tiny"))
        self.assertEqual(self.curl(server, "--cacert", self.other.file)[0], 60)
        code, text = self.curl(server, "-i", scheme="http")
        self.assertEqual(code, 0)
        self.assertIn("HTTP/1.1 400 Bad Request", text)
        self.assertIn("ask https://", text)

    def test_health_takes_a_ca_of_its_own_or_anybody(self):
        server = self.start()
        code, said = self.health(server)
        self.assertEqual(code, 6)
        self.assertIn("certificate", said)
        self.assertEqual(self.health(server, "--ca", self.authority.file), (0, ""))
        self.assertEqual(self.health(server, "--ca", self.other.file)[0], 6)
        self.assertEqual(self.health(server, "--insecure"), (0, ""))
        code, said = self.health(server, "--ca", self.folder / "nowhere")
        self.assertEqual(code, 6)
        self.assertIn("nowhere", said)

    def test_health_shows_a_certificate_of_its_own(self):
        server = self.start("--tls-client-ca", self.other.file)
        certificate, key = self.other.sign("monitor")
        trust = ("--ca", self.authority.file)
        self.assertEqual(self.health(server, *trust)[0], 6)
        self.assertEqual(self.health(server, *trust, "--cert", certificate, "--key", key), (0, ""))
        self.assertNotEqual(self.health(server, *trust, "--cert", certificate)[0], 0)

    def test_the_end_is_told(self):
        server = self.start()
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as bare:
            with server.context.wrap_socket(bare, server_hostname="127.0.0.1",
                                            suppress_ragged_eofs=False) as secure:
                secure.sendall(b"GET /v1/version HTTP/1.0\r\n\r\n")
                text = b""
                while more := secure.recv(1000):  # an end that is not told raises an exception
                    text += more
        self.assertTrue(text.startswith(b"HTTP/1.1 200 "))

    def test_with_a_ca_for_clients(self):
        server = self.start("--tls-client-ca", self.other.file)
        known, foreign = self.other.sign("client"), self.authority.sign("foreign")
        show = lambda pair: ("--cert", pair[0], "--key", pair[1])
        for version in (("--tls-max", "1.2"), ("--tlsv1.3",)):
            ask = lambda *more: self.curl(server, "--cacert", self.authority.file, *version, *more)
            self.assertEqual(ask(*show(known))[0], 0)
            self.assertEqual(ask()[0], 56 if "1.3" in version[0] else 35)
            self.assertIn("alert", ask()[1])
            self.assertIn("alert unknown ca", ask(*show(foreign))[1])
        server.context.load_cert_chain(*known)
        self.assertEqual(samples(server)["tokenmill_tls_handshake_failures_total"], 6)

    def test_streams_are_the_same_bytes_as_without(self):
        plain, secure = Server(PROGRAM, self.folder), self.start()
        self.addCleanup(plain.kill)
        expected = streamed(plain.connect())
        self.assertTrue(expected.endswith("data: [DONE]\n\n"))
        with concurrent.futures.ThreadPoolExecutor(STREAMS) as pool:
            got = list(pool.map(lambda _: streamed(secure.connect()), range(STREAMS)))
        self.assertEqual(got, [expected] * STREAMS)

    def seen(self, server):
        """The name on the certificate that a new connection gets."""
        pem = ssl.get_server_certificate(("127.0.0.1", server.port), timeout=20)
        return openssl(self.folder, "x509", "-noout", "-subject", text=pem).strip()

    def test_a_new_certificate_under_load(self):
        server = self.start()
        expected, done = streamed(server.connect()), threading.Event()

        def keep_streaming(_):
            all_of_them = []
            while not done.is_set():
                all_of_them.append(streamed(server.connect()))
            return all_of_them

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            load = [pool.submit(keep_streaming, i) for i in range(8)]
            try:
                for which, name in ((1, "second"), (0, "first"), (1, "second")):
                    self.show(which)
                    self.assertIn(name, self.seen(server))
                self.crt.write_text("nothing")
                self.assertIn("second", self.seen(server))
            finally:
                done.set()
            got = [text for one in load for text in one.result()]
        self.assertGreaterEqual(len(got), 8)
        self.assertEqual(set(got), {expected})
        self.assertIn("has been read again", self.log())
        self.assertIn("BEGIN CERTIFICATE", self.log())
        self.assertIn("new connections still get the certificate before it", self.log())

    def test_slow_handshakes_are_ended_and_nobody_waits_for_them(self):
        server = self.start()
        begun = time.monotonic()
        slow = [socket.create_connection(("127.0.0.1", server.port), timeout=HANDSHAKE_MAX + 10)
                for _ in range(30)]
        for connection in slow[::2]:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        waits = []
        while time.monotonic() < begun + HANDSHAKE_MAX - 2:
            asked = time.monotonic()
            status = server.ask("/v1/completions", {"prompt": "a", "max_tokens": 2})[0]
            self.assertEqual(status, 200)
            waits.append(time.monotonic() - asked)
            for connection in slow[::4]:  # a byte now and then does not help
                connection.sendall(b"\x00")
            time.sleep(0.2)
        self.assertLess(max(waits), 2)
        for connection in slow:
            self.assertEqual(connection.recv(1), b"")
            connection.close()
        self.assertLess(time.monotonic() - begun, HANDSHAKE_MAX + 5)
        found = samples(server)
        while found["tokenmill_http_connections"] > 1:  # that of the last answer is still closing
            self.assertLess(time.monotonic() - begun, HANDSHAKE_MAX + 30)
            time.sleep(0.05)
            found = samples(server)
        self.assertEqual(found["tokenmill_tls_handshake_failures_total"], 30)
        self.assertEqual(found["tokenmill_http_failed_connections_total"], 0)

    def test_what_is_not_tls(self):
        server = self.start()
        for i in range(50):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
                if i % 2:
                    connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\n\r\n")
                    self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 400 "))
                else:
                    connection.sendall(bytes([i, 3, 1, 255, 255]) * 100)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(1000):
                        pass
        found = samples(server)
        self.assertEqual(found["tokenmill_tls_handshake_failures_total"], 50)
        expiry = found["tokenmill_tls_certificate_expiry_timestamp_seconds"]
        self.assertAlmostEqual(expiry, time.time() + 30 * 86400, delta=600)
        self.assertEqual(server.stop(), 0)

    def refusal(self, *options):
        run = subprocess.run([PROGRAM, "serve", str(self.folder / "tiny"), "--port", "0",
                              *map(str, options)], text=True, capture_output=True, timeout=60)
        self.assertEqual(run.returncode, 2, run.stderr)
        return run.stderr

    def test_what_is_wrong_at_the_start_is_told(self):
        locked = self.folder / "locked.key"
        openssl(self.folder, "pkey", "-in", self.key, "-aes128", "-passout", "pass:secret",
                "-out", locked)
        crt, key = ("--tls-cert", self.crt), "--tls-key"
        for options, complaint in (
                ((*crt, key, self.pairs[1][1]), "does not belong to"),
                ((*crt, key, locked), "openssl pkey"), (crt, "--tls-key FILE")):
            self.assertIn(complaint, self.refusal(*options))

    def test_what_is_odd_at_the_start_is_told(self):
        expired = self.authority.sign("expired", days=-1)
        for source, target in zip(expired, (self.crt, self.key)):
            put(source, target)
        self.key.chmod(0o644)
        (self.folder / "log").unlink(missing_ok=True)
        self.start()
        self.assertRegex(self.log(), r"warning: the certificate \S+ expired on \d{4}-")
        self.assertRegex(self.log(), r"warning: every user .* read or write the key \S+")


unittest.main()
