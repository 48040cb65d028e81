#!/usr/bin/env python3
"""Traces of the real server, read with OpenTelemetry's own protocol definitions.

    traces_test.py PROGRAM SCRATCH

Installs `opentelemetry-proto` under SCRATCH (once). Exit code 77: skipped, and why.
"""

import base64
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PACKAGE = "opentelemetry-proto==1.45.2"
SKIPPED = 77


def enter_venv(scratch):
    """Goes on as the interpreter that has the package."""
    python = scratch / "venv" / "bin" / "python"
    mark = scratch / PACKAGE
    if pathlib.Path(sys.executable) == python:
        return
    if not mark.exists():
        scratch.mkdir(parents=True, exist_ok=True)
        for words in ([sys.executable, "-m", "venv", scratch / "venv"],
                      [python, "-m", "pip", "install", "-q", PACKAGE]):
            if subprocess.run(words, check=False).returncode != 0:
                print(f"skipped: {PACKAGE} cannot be installed here")
                sys.exit(SKIPPED)
        mark.touch()
    os.execv(python, [python, *sys.argv])


enter_venv(pathlib.Path(sys.argv[2]).resolve())
PROGRAM = sys.argv[1]
del sys.argv[1:3]

from google.protobuf import json_format  # noqa: E402
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2  # noqa: E402

from tiny_server import Server, make_model  # noqa: E402

IDS = ("traceId", "spanId", "parentSpanId")


def as_protobuf(body):
    """OTLP has ids in hexadecimal, where Protobuf's own JSON has base64; all else is the same."""
    message = json.loads(body)
    for resource in message["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in IDS:
                    if name in span:
                        span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    return json_format.ParseDict(message, trace_service_pb2.ExportTraceServiceRequest())


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Content-Type"], as_protobuf(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Traces(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        make_model(folder.name)
        self.collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
        self.collector.seen = []
        threading.Thread(target=self.collector.serve_forever, daemon=True).start()
        self.addCleanup(self.collector.shutdown)
        port = self.collector.server_address[1]
        self.server = Server(PROGRAM, folder.name, "--otlp",
                             f"http://127.0.0.1:{port}/v1/traces")
        self.addCleanup(self.server.kill)

    def spans(self):
        self.assertEqual(self.server.stop(), 0)  # which sends what is left
        found = []
        for path, kind, message in self.collector.seen:
            self.assertEqual((path, kind), ("/v1/traces", "application/json"))
            for resource in message.resource_spans:
                names = {it.key: it.value.string_value for it in resource.resource.attributes}
                self.assertEqual(names["service.name"], "tokenmill")
                for scope in resource.scope_spans:
                    found.extend(scope.spans)
        return found

    def test_every_request_is_traced(self):
        before = time.time_ns()
        for tokens in (1, 5):
            self.server.ask("/v1/completions", {"prompt": "the mill", "max_tokens": tokens, "n": 2})
        self.server.ask("/v1/embeddings", {"input": "the mill"})
        spans = self.spans()
        roots = [span for span in spans if not span.parent_span_id]
        self.assertEqual([root.name for root in roots],
                         ["POST /v1/completions"] * 2 + ["POST /v1/embeddings"])
        self.assertEqual(len({span.span_id for span in spans}), len(spans))
        for root, answers, tokens in zip(roots, (2, 2, 1), (2, 10, 0)):
            self.assertEqual((len(root.trace_id), len(root.span_id), root.kind), (16, 8, 2))
            counts = {it.key: it.value.int_value for it in root.attributes}
            self.assertEqual(counts["gen_ai.usage.output_tokens"], tokens)
            parts = [span for span in spans if span.parent_span_id == root.span_id]
            names = [span.name for span in parts]
            self.assertEqual(names.count("queue"), answers)
            if tokens:
                self.assertEqual((names.count("prefill"), names.count("decode")), (answers,) * 2)
            for span in [root, *parts]:
                self.assertEqual(span.trace_id, root.trace_id)
                self.assertLessEqual(before, span.start_time_unix_nano)
                self.assertLessEqual(span.start_time_unix_nano, span.end_time_unix_nano)
                self.assertLessEqual(span.end_time_unix_nano, time.time_ns())

    def test_a_trace_of_the_client_goes_on(self):
        trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
        for flags in ("01", "00"):  # the second is not to be recorded
            self.server.ask("/v1/completions", {"prompt": "the mill", "max_tokens": 3},
                            traceparent=f"00-{trace}-{parent}-{flags}")
        spans = self.spans()
        self.assertEqual({span.trace_id.hex() for span in spans}, {trace})
        self.assertEqual([span.name for span in spans if span.parent_span_id.hex() == parent],
                         ["POST /v1/completions"])

    def test_a_dead_collector_holds_nobody_up(self):
        self.collector.shutdown()
        self.collector.server_close()
        self.assertEqual(
            self.server.ask("/v1/completions", {"prompt": "the mill", "max_tokens": 3})[0], 200)
        deadline = time.monotonic() + 20
        while "tokenmill_spans_dropped_total 4" not in self.server.ask("/metrics")[2]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)


unittest.main()
