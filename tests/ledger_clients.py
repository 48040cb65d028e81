"""For tests of the ledger: clients who ask without pause, and remember what they were told."""

import http.client
import json
import random
import threading


class Client(threading.Thread):
    """Asks until the server is gone, or somebody sets `enough`.

    Where the ledger may be away (`outages`), it takes 500 and 503 for an answer, and asks again.
    """

    def __init__(self, server, seed, outages=False):
        super().__init__()
        self.server, self.random, self.outages = server, random.Random(seed), outages
        self.enough = threading.Event()
        self.finished = {}  # id: (tokens of prompt, tokens generated)
        self.others = 0  # requests begun whose end the client has not got

    def run(self):
        while not self.enough.is_set():
            self.others += 1
            try:
                if self.ask():
                    self.others -= 1
            except (OSError, http.client.HTTPException):
                return

    def ask(self):
        """True if it has the end."""
        stream = self.random.random() < 0.5
        body = {"prompt": "the mill" * self.random.randint(1, 8),
                "n": self.random.choice([1, 1, 2]), "max_tokens": self.random.randint(1, 24),
                "stream": stream, "temperature": 1}
        if stream:
            body["stream_options"] = {"include_usage": True}
        connection = self.server.connect()
        try:
            connection.request("POST", "/v1/completions", json.dumps(body))
            answer = connection.getresponse()
            if self.random.random() < 0.1:
                return False
            text = answer.read().decode()
        finally:
            connection.close()
        if self.outages and answer.status in (500, 503):
            self.enough.wait(0.05)
            return False
        assert answer.status == 200, text
        if stream:
            if not text.endswith("data: [DONE]\n\n"):
                return False
            text = [line for line in text.splitlines() if '"usage":{' in line][-1][len("data: "):]
        usage = json.loads(text)["usage"]
        self.finished[answer.headers["X-Request-Id"]] = (usage["prompt_tokens"],
                                                         usage["completion_tokens"])
        return True


def compare(rows, clients, where):
    """That the ledger has what its clients have: `rows` are new, and of these clients alone.

    Both as {id: (tokens of prompt, tokens generated)}. Returns how many ends the clients have, and
    how many rows there are besides: of ends that were under way, or of clients who had left.
    """
    finished = {key: value for client in clients for key, value in client.finished.items()}
    others = sum(client.others for client in clients)
    for key, tokens in finished.items():
        assert key in rows, f"{where}: {key} is lost"
        assert rows[key] == tokens, f"{where}: {key} is {rows[key]}, was told {tokens}"
    extra = len(rows) - len(finished)
    assert extra <= others, f"{where}: {extra} rows too many, {others} can be explained"
    return len(finished), extra
