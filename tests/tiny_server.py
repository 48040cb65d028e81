"""For tests: the real server with the tiny model of the tree, on a free port of its own."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

HOUSE = pathlib.Path(__file__).resolve().parent.parent


def make_model(folder):
    """A folder with a model of some thousand weights, in which every byte is a token."""
    model = pathlib.Path(folder) / "tiny"
    model.mkdir()
    golden = HOUSE / "tests/golden/families/llama3"
    for source in [golden / "config.json", golden / "model.safetensors",
                   *(HOUSE / "tests/stories/tiny").glob("*.json")]:
        shutil.copy(source, model)
    return model


class Server:
    def __init__(self, program, folder, *options, env=None):
        self.port_file = pathlib.Path(folder) / "port"
        self.port_file.unlink(missing_ok=True)
        self.log = open(pathlib.Path(folder) / "log", "a+")
        self.process = subprocess.Popen(
            [program, "serve", str(pathlib.Path(folder) / "tiny"), "--port", "0", "--port-file",
             str(self.port_file), *map(str, options)], stderr=self.log,
            env={**os.environ, **(env or {})})
        deadline = time.monotonic() + 60
        while not self.port_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                with self.log as log:
                    log.seek(0)
                    raise RuntimeError(f"the server did not start: {log.read()}")
            time.sleep(0.005)
        self.port = int(self.port_file.read_text())

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, path, body=None, **headers):
        """(status, headers, text); with a body it is a POST of JSON."""
        connection = self.connect()
        connection.request("GET" if body is None else "POST", path,
                           None if body is None else json.dumps(body),
                           {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        """The exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.log.close()
        return code
