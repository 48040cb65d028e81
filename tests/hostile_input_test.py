#!/usr/bin/env python3
"""Hostile requests at the real server: hostile_input_test.py PROGRAM

Each is answered as its row says, in bounded time and memory, and nobody else waits for it:
hostile_schemas.py and hostile_requests.py have the rows.
"""

import concurrent.futures
import contextlib
import json
import pathlib
import re
import socket
import sys
import tempfile
import threading
import time
import unittest

import hostile_requests
import hostile_schemas
from hostile_http import ask
from tiny_server import Server, make_model

PROGRAM = sys.argv.pop(1)
SECONDS_MAX = 45  # for an answer; six storms wait for each other
WAIT_MAX = 5  # seconds, for another client's
GROWTH_MAX = 400  # MB
DRAIN_MAX = 10  # seconds; all clients are gone
AT_ONCE = 6  # attacks, on the server's 4 threads
SLOWLY = b"POST /v1/completions HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n"
GREEDY = {"prompt": "the mill", "temperature": 0, "max_tokens": 24, "logprobs": 3}


def make_versed_model(folder):
    """The tiny model, with brackets among its tokens, and a template that takes any tools."""
    model = make_model(folder)
    tokenizer = (model / "tokenizer.json").read_text()
    for old, new in (('"&":', '"{":'), ('"@":', '"}":'), ('"$":', '"[":'), ('"#":', '"]":')):
        tokenizer = tokenizer.replace(old, new)
    (model / "tokenizer.json").write_text(tokenizer)
    config = json.loads((model / "tokenizer_config.json").read_text())
    config["chat_template"] += "{% if tools %}{% endif %}"
    (model / "tokenizer_config.json").write_text(json.dumps(config))


def memory(pid, what):
    """MB of the process: VmRSS now, VmHWM at most."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", status)[1]) // 1024


def complaints(attack, answer):
    """What the answer has that the row does not say, or None."""
    right = attack.status if isinstance(attack.status, tuple) else (attack.status,)
    shown = f"{answer.status}: {answer.body[:300].decode(errors='replace')}"
    if answer.status not in right:
        return f"not {attack.status} but {shown}"
    if attack.closes and not answer.closes:
        return f"the connection stays open after {shown}"
    if answer.status < 400:
        return None
    try:
        error = json.loads(answer.body)["error"]
        message = error["message"] if isinstance(error, dict) else error
    except (ValueError, KeyError, TypeError):
        return f"an error of another shape: {shown}"
    if not message or attack.says not in message:
        return f"it does not say '{attack.says}': {shown}"
    has_param = isinstance(error, dict) and "param" in error
    named = (error["param"] or "") == attack.field if has_param else attack.field in message
    return None if named or answer.status == 503 else f"it does not name '{attack.field}': {shown}"


def verdict(port, attack, pieces):
    """(seconds, what was wrong or None)"""
    begun = time.monotonic()
    try:
        answer = ask(port, pieces, SECONDS_MAX)
    except TimeoutError:
        return time.monotonic() - begun, f"no answer in {SECONDS_MAX} s"
    except OSError as error:
        return time.monotonic() - begun, f"no connection: {error}"
    return answer.seconds, complaints(attack, answer)


class Neighbour(threading.Thread):
    """An ordinary client that asks again and again."""

    def __init__(self, server):
        super().__init__()
        self.server, self.ended = server, threading.Event()
        self.waits, self.refused = [], []

    def run(self):
        while not self.ended.wait(0.02):
            begun = time.monotonic()
            try:
                status, _, text = self.server.ask("/v1/completions", {**GREEDY, "max_tokens": 2})
            except OSError as error:
                status, text = 0, str(error)
            self.waits.append(time.monotonic() - begun)
            if status != 200:
                self.refused.append((status, text))

    def end(self):
        self.ended.set()
        self.join()


def drip(port):
    """A head at a byte a second: (seconds, the first line of the answer)."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        for byte in SLOWLY:
            connection.send(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                return time.monotonic() - begun, connection.recv(1000).split(b"\r\n")[0]


class HostileInput(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        make_versed_model(folder.name)
        self.server = Server(PROGRAM, folder.name)
        self.addCleanup(self.server.kill)

    def greedy(self):
        return json.loads(self.server.ask("/v1/completions", GREEDY)[2])["choices"]

    def held(self):
        """Connections with nothing, half a head, and half a body, which stay as they are."""
        stack = contextlib.ExitStack()
        for some in [b"", SLOWLY[:20], SLOWLY + b"{"] * 20:
            connection = stack.enter_context(socket.create_connection(
                ("127.0.0.1", self.server.port), timeout=10))
            connection.sendall(some)
        return stack

    def attack_all(self):
        """[(attack, seconds, complaint)]; their bytes are made first, as Python has one thread."""
        ready = [(attack, list(attack.make()))
                 for attack in (*hostile_requests.rows(), *hostile_schemas.rows())]
        neighbour = Neighbour(self.server)
        neighbour.start()
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE + 1) as pool:
            dripping = pool.submit(drip, self.server.port)
            verdicts = list(pool.map(lambda one: verdict(self.server.port, *one), ready))
            dripped = dripping.result()
        neighbour.end()
        return [(one[0], *found) for one, found in zip(ready, verdicts)], neighbour, dripped

    def test_each_is_answered_and_nobody_else_waits(self):
        before, memory_before = self.greedy(), memory(self.server.process.pid, "VmRSS")
        begun = time.monotonic()
        with self.held():
            results, neighbour, dripped = self.attack_all()
        grown = memory(self.server.process.pid, "VmRSS") - memory_before
        peak = memory(self.server.process.pid, "VmHWM")
        slowest = max(results, key=lambda result: result[1])
        print(f"{len(results)} attacks in {time.monotonic() - begun:.1f} s, the slowest "
              f"{slowest[1]:.1f} s ({slowest[0].name}); the neighbour asked "
              f"{len(neighbour.waits)} times and waited {max(neighbour.waits):.2f} s at most; "
              f"memory grew by {grown} MB, {peak} MB at the peak")
        for attack, seconds, complaint in results:
            with self.subTest(attack.name):
                self.assertIsNone(complaint, f"after {seconds:.1f} s")
        with self.subTest("a byte a second"):
            self.assertEqual(dripped[1], b"HTTP/1.1 408 Request Timeout")
            self.assertLess(dripped[0], SECONDS_MAX)
        with self.subTest("the neighbour"):
            self.assertEqual(neighbour.refused, [])
            self.assertLess(max(neighbour.waits), WAIT_MAX)
        with self.subTest("memory"):
            self.assertLess(grown, GROWTH_MAX)
        with self.subTest("the same bytes"):
            self.assertEqual(self.greedy(), before)
        begun = time.monotonic()
        self.assertEqual(self.server.stop(), 0)
        self.assertLess(time.monotonic() - begun, DRAIN_MAX)


unittest.main()
