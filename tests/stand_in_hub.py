"""A model hub on the loopback that speaks the Hugging Face protocol, and misbehaves on request."""

import contextlib
import hashlib
import http.server
import json
import re
import threading


class Hub(http.server.ThreadingHTTPServer):
    """files: {"org/repo": {"name": bytes}}. What happened is in `seen`: (path, Range header)."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.seen = []
        self.cut_after = []  # one entry a download: it stops after so many bytes
        self.refuse = []  # statuses that the next downloads are answered with
        self.ranges = True
        self.wrong_digest = False
        self.token = None

    def handle_error(self, request, client_address):
        pass  # clients that stop half way are part of the game

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def hub(files):
    server = Hub(files)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.server.token and self.headers.get("Authorization") != f"Bearer {self.server.token}":
            return self.reply(401)
        if match := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/main", self.path):
            return self.listing(match[1])
        if match := re.fullmatch(r"/([^/]+/[^/]+)/resolve/(?:main|c0ffee)/(.+)", self.path):
            return self.redirect(match[1], match[2])
        if match := re.fullmatch(r"/blobs/([^/]+/[^/]+)/(.+)", self.path):
            return self.blob(self.server.files[match[1]][match[2]])
        return self.reply(404)

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def listing(self, repo):
        if repo not in self.server.files:
            return self.reply(404)
        rows = [{"rfilename": name} for name in self.server.files[repo]]
        return self.reply(200, json.dumps({"sha": "c0ffee", "siblings": rows}).encode())

    def redirect(self, repo, name):
        """As the hub does with large files: it names the digest, and sends one elsewhere."""
        if name not in self.server.files.get(repo, {}):
            return self.reply(404)
        content = b"other" if self.server.wrong_digest else self.server.files[repo][name]
        return self.reply(302, Location=f"/blobs/{repo}/{name}", ETag='"the redirect\'s own"',
                          X_Linked_Etag=f'"{hashlib.sha256(content).hexdigest()}"')

    def blob(self, content):
        wanted = self.headers.get("Range")
        self.server.seen.append((self.path, wanted))
        if self.server.refuse:
            return self.reply(self.server.refuse.pop(0))
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        fresh = self.headers.get("If-Range") in (None, etag)
        first = int(wanted[6:-1]) if wanted and self.server.ranges and fresh else 0
        if first and first >= len(content):
            return self.reply(416, ETag=etag, Content_Range=f"bytes */{len(content)}")
        self.send_response(206 if first else 200)
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(content) - first))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        rest = content[first:]
        if self.server.cut_after:
            rest = rest[:self.server.cut_after.pop(0)]
            self.close_connection = True
        with contextlib.suppress(ConnectionError):
            self.wfile.write(rest)
