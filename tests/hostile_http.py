"""For tests: requests as bytes, well-formed or not, and whatever comes back for them."""

import json
import select
import socket
import time
from typing import Callable, NamedTuple

PIECE = 1 << 18
SEND_END = "no more is sent"


class Attack(NamedTuple):
    name: str
    make: Callable  # () → pieces: bytes, a number (seconds to wait), or SEND_END
    status: object = 400  # a number, or several that are all right; 0 = closed without an answer
    field: str = ""  # error.param; where the API's errors have none, it must be in the message
    says: str = ""  # must be in the message
    closes: bool = False  # what follows must not be taken for another request


class Answer(NamedTuple):
    status: int
    body: bytes
    closes: bool
    seconds: float


def post(path, body, *headers):
    """The pieces of a good request with this body: bytes, text, or what becomes JSON."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    data = body if isinstance(body, bytes) else body.encode()
    lines = [f"POST {path} HTTP/1.1", "Host: here", f"Content-Length: {len(data)}", *headers]
    return ["\r\n".join(lines).encode() + b"\r\n\r\n", data]


def get(path, method="GET"):
    return [f"{method} {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode()]


def send(connection, piece):
    """False once there is an answer, or nobody to take more."""
    view = memoryview(piece)
    while view:
        readable, _, _ = select.select([connection], [connection], [])
        if readable:
            return False
        view = view[connection.send(view[:PIECE]):]
    return True


def waited(connection, seconds):
    return not select.select([connection], [], [], seconds)[0]


def take(connection, piece):
    if piece == SEND_END:
        connection.shutdown(socket.SHUT_WR)
        return True
    return send(connection, piece) if isinstance(piece, bytes) else waited(connection, piece)


def parsed(data):
    """(status, body, whether it is the last) once it is whole; else nothing."""
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return None
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    whole = body.endswith(b"0\r\n\r\n") if headers.get("transfer-encoding") == "chunked" else (
        len(body) >= int(headers.get("content-length", 0)))
    closes = headers.get("connection") == "close"
    return (int(lines[0].split()[1]), body, closes) if whole else None


def receive(connection, deadline):
    data = b""
    while True:
        connection.settimeout(max(deadline - time.monotonic(), 0.001))
        more = connection.recv(1 << 16)
        data += more
        if found := parsed(data):
            return found
        if not more:
            return 0, data, True


def ask(port, pieces, seconds_max):
    """The answer to these bytes; TimeoutError where there is none in time."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=seconds_max) as connection:
        try:
            for piece in pieces:
                if not take(connection, piece):
                    break
            status, body, closes = receive(connection, begun + seconds_max)
        except (ConnectionResetError, BrokenPipeError):
            status, body, closes = 0, b"", True
    return Answer(status, body, closes, time.monotonic() - begun)
