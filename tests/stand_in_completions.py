#!/usr/bin/env python3
"""A server of /v1/completions that streams, made of Python's own: stand_in_completions.py PORT LOG

Every request's body is a line of LOG. A prompt is as many tokens as it has words, and an answer as
many as were asked for. With a third argument N, every Nth request is refused with 503.
"""

import http.server
import json
import sys

PORT, LOG = int(sys.argv[1]), sys.argv[2]
REFUSED = int(sys.argv[3]) if len(sys.argv) > 3 else 0


class Completions(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = 0

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open(LOG, "a", encoding="utf-8") as log:
            log.write(body + "\n")
        Completions.seen += 1
        if REFUSED and Completions.seen % REFUSED == 0:
            self.send_response(503)
            self.send_header("Content-Length", "8")
            self.end_headers()
            self.wfile.write(b"too many")
            return
        self.stream(json.loads(body))

    def stream(self, request):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(request["max_tokens"]):
            self.event({"choices": [{"text": " mill", "index": 0}]})
        self.event({"choices": [], "usage": {
            "prompt_tokens": len(request["prompt"].split()),
            "completion_tokens": request["max_tokens"]}})
        self.chunk("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def event(self, data):
        self.chunk(f"data: {json.dumps(data)}\n\n")

    def chunk(self, text):
        self.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Completions)
server.daemon_threads = True
server.handle_error = lambda *_: None  # clients vanish
server.serve_forever()
