#!/usr/bin/env python3
"""Receipts of the real server: asked for through every API, run again, forged, and killed.

    receipts_test.py PROGRAM [--kills 8] [--seed 1]

The other side is Python's json, for the canonical bytes, and openssl, which checks the signatures
and signs forgeries: what is changed and signed again must be found by running it. minisign has to
understand the keys, where it is there. The server is killed with SIGKILL under load, over and over,
on one log: its chain has to hold, and every answer whose end a client has must have its receipt.
"""

import argparse
import base64
import concurrent.futures
import hashlib
import http.client
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from tiny_server import Server, make_model

SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410, in front of a raw key
PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
SCHEMA = {"type": "string", "minLength": 2, "maxLength": 9}
TALK = [{"role": "user", "content": "the mill"}]


class House:
    """The program, a folder, and the keys in it."""

    def __init__(self, program, folder):
        self.program, self.folder = str(pathlib.Path(program).resolve()), pathlib.Path(folder)
        self.log = self.folder / "receipts"
        self.servers = []
        self.model = make_model(folder)
        self.mill("receipts", "key", "--secret", self.folder / "k", "--public", self.folder / "p")
        self.secret = base64.b64decode((self.folder / "k").read_text().split("\n")[1])[62:94]
        public = base64.b64decode((self.folder / "p").read_text().split("\n")[1])[10:]
        (self.folder / "p.der").write_bytes(SPKI + public)
        (self.folder / "k.der").write_bytes(PKCS8 + self.secret)

    def mill(self, *words, rc=0, env=None):
        run = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True,
                             timeout=300, env={**os.environ, **(env or {})})
        said = run.stdout + run.stderr
        assert run.returncode == rc, f"{words}: exit {run.returncode}, not {rc}: {said}"
        return said

    def serve(self, *more, env=None):
        self.servers.append(Server(self.program, self.folder, "--receipts", self.log,
                                   "--receipt-key", self.folder / "k", "--threads", 2, *more,
                                   env=env))
        return self.servers[-1]

    def verify(self, receipt, *more, rc=0, env=None):
        path = self.folder / f"receipt-{threading.get_ident()}.json"
        path.write_text(receipt if isinstance(receipt, str) else json.dumps(receipt, indent=1))
        return self.mill("verify", path, "--public-key", self.folder / "p", *more, rc=rc, env=env)

    def rerun(self, receipt, *more, rc=0, env=None):
        return self.verify(receipt, "--model", self.model, "--threads", 1, *more, rc=rc, env=env)

    def chain(self, *more, rc=0, log=None):
        return self.mill("verify", "--chain", log or self.log, "--public-key", self.folder / "p",
                         *more, rc=rc)


def canonical(receipt):
    return json.dumps({k: v for k, v in receipt.items() if k != "signature"}, sort_keys=True,
                      separators=(",", ":"), ensure_ascii=False).encode()


def openssl_signs(house, receipt):
    """The receipt, signed again by who has the key."""
    (house.folder / "m").write_bytes(canonical(receipt))
    subprocess.run(["openssl", "pkeyutl", "-sign", "-keyform", "DER", "-inkey",
                    house.folder / "k.der", "-rawin", "-in", house.folder / "m", "-out",
                    house.folder / "s"], check=True)
    return {**receipt, "signature": base64.b64encode((house.folder / "s").read_bytes()).decode()}


def openssl_checks(house, receipt):
    (house.folder / "m").write_bytes(canonical(receipt))
    (house.folder / "s").write_bytes(base64.b64decode(receipt["signature"]))
    said = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
         house.folder / "p.der", "-rawin", "-in", house.folder / "m", "-sigfile",
         house.folder / "s"], capture_output=True, text=True)
    assert "Verified Successfully" in said.stdout, said


def asked(server, path, body, **headers):
    """(the answer's text, its receipt as text)"""
    status, head, text = server.ask(path, body, X_Tokenmill_Receipt="true", **headers)
    assert status == 200, f"{path}: {text}"
    status, _, receipt = server.ask(f"/v1/receipts/{head['X-Request-Id']}", **headers)
    assert status == 200, receipt
    return text, receipt


def every_api():
    """(path, body) of each way to ask; the seed is the server's to draw in most of them."""
    hot = {"temperature": 1, "max_tokens": 12}
    yield "/v1/completions", {"prompt": "the mill", "seed": 5, **hot}  # the forgeries' one
    for stream in [False, True]:
        yield "/v1/completions", {"prompt": "the mill", "stream": stream, **hot}
        yield "/v1/chat/completions", {"messages": TALK, "stream": stream, **hot}
        yield "/v1/messages", {"messages": TALK, "stream": stream, "model": "default", **hot}
        yield "/v1/responses", {"input": "the mill", "stream": stream, "temperature": 1,
                                "max_output_tokens": 12}
        for path, what in [("/api/chat", {"messages": TALK}),
                           ("/api/generate", {"prompt": "mill"})]:
            yield path, {"model": "default", "stream": stream, **what,
                         "options": {"temperature": 1, "num_predict": 12}}
    yield "/v1/completions", {"prompt": ["the", "mill"], "n": 3, "seed": 7, **hot}
    yield "/v1/completions", {"prompt": "a", "logprobs": 2, "echo": True, **hot}
    yield "/v1/completions", {"prompt": "a", "stop": ["e", "\n"], "temperature": 0,
                              "max_tokens": 200, "logit_bias": {"10": 3.5}}
    yield "/v1/completions", {"prompt": "a", "top_p": 0.9, "top_k": 40, "min_p": 0.01,
                              "frequency_penalty": 0.3, "repetition_penalty": 1.1, **hot}
    # The tiny model has no braces, and no room for the description of a tool.
    yield "/v1/chat/completions", {"messages": TALK, "response_format": {
        "type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}, "max_tokens": 60}
    yield "/v1/completions", {"prompt": "a", "structured_outputs": {"regex": "[a-c]{3}-[0-9]+"},
                              "max_tokens": 20}


def test_every_api(house):
    """Sixteen at once; each receipt is run again, and openssl has checked its signature."""
    server = house.serve()
    requests = list(every_api())
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda request: asked(server, *request), requests))
    assert server.stop() == 0
    grammars = 0
    for (path, body), (text, receipt) in zip(requests, answers):
        said = house.rerun(receipt)
        assert "verified" in said and "FAILED" not in said, f"{path} {body}: {said}"
        parsed = json.loads(receipt)
        openssl_checks(house, parsed)
        digest = hashlib.sha256(json.dumps(body).encode()).hexdigest()
        assert parsed["request"]["body_sha256"] == digest
        grammars += parsed["asked"]["grammar"] != ""
        if path == "/v1/completions" and not body.get("stream") and not body.get("echo"):
            for choice, made in zip(json.loads(text)["choices"], parsed["choices"]):
                assert made["text_sha256"] == hashlib.sha256(choice["text"].encode()).hexdigest()
    assert grammars == 2, grammars
    said = house.chain()
    assert f"{len(requests)} receipts" in said, said
    print(f"{len(requests)} receipts of every API, all run again with the same bytes")
    return [receipt for _, receipt in answers]


def test_forgeries(house, receipts):
    """What is changed is found by the signature; what is signed again, by running it."""
    good = json.loads(receipts[0])
    house.verify(good)

    def forged(change, says):
        bad = json.loads(receipts[0])
        change(bad)
        said = house.rerun(bad, rc=1)
        assert "signature   FAILED" in said and "NOT verified" in said, said
        said = house.rerun(openssl_signs(house, bad), rc=1)
        assert "signature   ok" in said and says in said, f"{says!r} is not in: {said}"

    choice = good["choices"][0]
    token = choice["tokens"][3]
    forged(lambda it: it["choices"][0]["tokens"].__setitem__(3, token ^ 1),
           f"choice 0    FAILED  token 3 is {token} here, and {token ^ 1} in the receipt")
    forged(lambda it: it["choices"][0].update(seed=str(int(choice["seed"]) ^ 1)),
           "choice 0    FAILED  token")
    forged(lambda it: it["choices"][0]["tokens"].pop(),
           f"the receipt ends after {len(choice['tokens']) - 1} tokens")
    forged(lambda it: it["choices"][0].update(text_sha256="0" * 64), "their text is another")
    forged(lambda it: it["prompts"][0].reverse(), "choice 0    FAILED")
    forged(lambda it: it["asked"]["sampling"].update(temperature="1.5"), "choice 0    FAILED")
    forged(lambda it: it["model"].update(sha256="0" * 64), "weights     FAILED")
    forged(lambda it: it["model"].update(vocabulary_sha256="0" * 64), "vocabulary  FAILED")
    forged(lambda it: it["asked"]["sampling"].update(temperature="-1"), "answer      FAILED")
    extra = house.verify({**good, "note": "x"}, rc=2)
    assert "does not know" in extra, extra
    (house.folder / "body").write_text("{}")
    assert "body        FAILED" in house.verify(good, "--body", house.folder / "body", rc=1)
    house.mill("receipts", "key", "--secret", house.folder / "k", "--public", "p2", rc=6)
    house.mill("receipts", "key", "--secret", house.folder / "k2", "--public", house.folder / "p2")
    said = house.mill("verify", "--chain", house.log, "--public-key", house.folder / "p2", rc=1)
    assert "none of those that are trusted" in said, said
    other = house.folder / "other"
    shutil.copytree(house.model, other)
    weights = bytearray((other / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (other / "model.safetensors").write_bytes(weights)
    said = house.verify(good, "--model", other, rc=1)
    assert "weights     FAILED" in said, said
    print("forgeries are told, signed or not")


def test_chain(house, receipts):
    lines = house.log.read_bytes().splitlines(keepends=True)
    changed = house.folder / "changed"

    def broken(lines_, says):
        changed.write_bytes(b"".join(lines_))
        said = house.chain(log=changed, rc=1)
        assert says in said and "NOT verified" in said, said

    broken(lines[:4] + lines[5:],
           "line 5: it has the number 5, and 4 comes here: lines are missing")
    broken(lines[:4] + [lines[5], lines[4]] + lines[6:], "line 5: it has the number 5")
    broken(lines[:2] + [lines[2].replace(b'"ended":1', b'"ended":2')] + lines[3:], "line 3: ")
    changed.write_bytes(b"".join(lines) + lines[0][:50])
    assert "never finished (50 bytes)" in house.chain(log=changed)
    head = hashlib.sha256(lines[-1][:-1]).hexdigest()
    assert "head        ok" in house.chain("--head", head)
    changed.write_bytes(b"".join(lines[:-1]))
    assert "head        FAILED" in house.chain("--head", head, log=changed, rc=1)
    assert "is in the log" in house.verify(receipts[0], "--chain", house.log)
    changed.write_bytes(b"".join(lines[:2]))
    assert "is not in the log" in house.verify(receipts[-1], "--chain", changed, rc=1)
    print("a chain that was tampered with is told")


def test_machines(house):
    """An answer of one table of kernels is checked by all others that run here."""
    body = {"prompt": "the mill turns", "temperature": 1, "max_tokens": 40}
    checked = 0
    house.log.unlink()
    for made_by in ["scalar", "scalar_bf16", "avx2", "avx512", "avx512_bf16", "amx"]:
        try:
            server = house.serve(env={"TOKENMILL_ISA": made_by})
        except RuntimeError as error:
            assert "this processor runs" in str(error), error
            continue
        _, receipt = asked(server, "/v1/completions", body)
        server.stop()
        assert json.loads(receipt)["engine"]["isa"] == made_by
        assert "numbers     ok" in house.rerun(receipt)
        order = json.loads(receipt)["engine"]["order"]
        for run_by in ["scalar", "avx2", "avx512"] if order == "scalar" else ["scalar_bf16"]:
            try:
                house.rerun(receipt, env={"TOKENMILL_ISA": run_by})
                checked += 1
            except AssertionError as error:
                assert "this processor runs" in str(error), error
        if order != "scalar":
            said = subprocess.run(
                [house.program, "verify", "--public-key", house.folder / "p", "--model",
                 house.model, house.folder / f"receipt-{threading.get_ident()}.json"],
                env={**os.environ, "TOKENMILL_ISA": "scalar"}, capture_output=True, text=True)
            assert "numbers     note" in said.stdout, said
    house.chain()
    print(f"{checked} pairs of instruction sets agree")


def test_tenants(house):
    """A receipt is its tenant's; the header is refused where there is none to be had."""
    keys = house.folder / "keys.json"
    secrets = []
    for tenant in ["acme", "beta"]:
        run = subprocess.run([house.program, "keys", "add", "--file", keys, "--tenant", tenant],
                             capture_output=True, text=True, check=True)
        secrets.append({"Authorization": f"Bearer {run.stdout.strip()}"})
    server = house.serve("--keys", keys, "--ledger", house.folder / "ledger")
    body = {"prompt": "the mill", "max_tokens": 4}
    _, receipt = asked(server, "/v1/completions", body, **secrets[0])
    request = json.loads(receipt)["request"]
    assert request["tenant"] == "acme", request
    assert server.ask(f"/v1/receipts/{request['id']}", **secrets[1])[0] == 404
    assert server.ask(f"/v1/receipts/{request['id']}")[0] == 401
    assert server.ask("/v1/completions", body, X_Tokenmill_Receipt="yes", **secrets[0])[0] == 400
    status, _, text = server.ask("/v1/embeddings", {"input": "a"}, X_Tokenmill_Receipt="true",
                                 **secrets[0])
    assert status == 400 and "answers alone" in text, text
    second = subprocess.run([house.program, "serve", house.model, "--port", "0", "--receipts",
                             house.log, "--receipt-key", house.folder / "k"], capture_output=True,
                            text=True, timeout=60)
    assert second.returncode == 6 and "another server" in second.stderr, second
    server.stop()
    server = Server(house.program, house.folder)
    status, _, text = server.ask("/v1/completions", body, X_Tokenmill_Receipt="true")
    assert status == 400 and "--receipts" in text, text
    server.stop()
    house.rerun(receipt)
    print("receipts are their tenants' own")


def test_minisign(house):
    if not shutil.which("minisign"):
        return
    (house.folder / "m").write_text("text")
    for words in [["-S", "-W", "-s", "k"], ["-V", "-p", "p"]]:
        subprocess.run(["minisign", *words, "-m", "m"], cwd=house.folder, check=True,
                       capture_output=True, stdin=subprocess.DEVNULL)
    print("minisign takes the keys for its own")


class Client(threading.Thread):
    """Asks until the server is gone, and knows which answers it has had the end of."""

    def __init__(self, server, seed):
        super().__init__()
        self.server, self.random, self.finished = server, random.Random(seed), []

    def run(self):
        try:
            while True:
                stream = self.random.random() < 0.5
                body = {"prompt": "the mill" * self.random.randint(1, 8), "temperature": 1,
                        "max_tokens": self.random.randint(1, 24), "stream": stream}
                status, head, text = self.server.ask("/v1/completions", body,
                                                     X_Tokenmill_Receipt="true")
                assert status == 200, text
                if not stream or text.endswith("data: [DONE]\n\n"):
                    self.finished.append(head["X-Request-Id"])
        except (OSError, http.client.HTTPException):
            pass


def test_kills(house, kills, seed):
    draw = random.Random(seed)
    house.log.unlink()
    finished, torn = [], 0
    for _ in range(kills):
        server = house.serve()
        clients = [Client(server, draw.random()) for _ in range(4)]
        for client in clients:
            client.start()
        time.sleep(draw.uniform(0.05, 0.6))
        server.kill()
        for client in clients:
            client.join()
            finished += client.finished
        assert "FAILED" not in house.chain()
        if draw.random() < 0.5:  # what a kill within a write leaves behind
            with open(house.log, "ab") as log:
                log.write(b'{"asked":{"gram')
            torn += 1
    server = house.serve()
    ids = draw.sample(finished, min(12, len(finished)))
    for request in finished:
        assert server.ask(f"/v1/receipts/{request}")[0] == 200, f"{request} has no receipt"
    receipts = [server.ask(f"/v1/receipts/{request}")[2] for request in ids]
    asked(server, "/v1/completions", {"prompt": "a", "max_tokens": 3})
    server.stop()
    assert "never finished" not in house.chain()
    for receipt in receipts:
        house.rerun(receipt, "--chain", house.log)
    assert len(finished) > 2 * kills, "too few requests finished for this to mean anything"
    print(f"{kills} kills, {torn} torn ends: the chain holds, and all of {len(finished)} answers "
          "have their receipts")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not shutil.which("openssl"):
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        house = House(options.program, folder)
        try:
            receipts = test_every_api(house)
            test_forgeries(house, receipts)
            test_chain(house, receipts)
            test_machines(house)
            test_tenants(house)
            test_minisign(house)
            test_kills(house, options.kills, options.seed)
        finally:
            for server in house.servers:
                server.process.kill()


main()
