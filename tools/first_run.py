#!/usr/bin/env python3
"""The end of `make run`: fetches a model, serves it, asks a first question, and keeps serving."""

import argparse
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

QUESTION = "In two sentences: what is a watermill, and what was it used for?"
PROGRAM = pathlib.Path(__file__).resolve().parent.parent / "build" / "release" / "tokenmill"
START_SECONDS = 120


def pull(program):
    pulled = subprocess.run([program, "pull", "default"], stdout=subprocess.PIPE, text=True)
    if pulled.returncode != 0:
        sys.exit(pulled.returncode)  # pull has said why, and what to do
    return pulled.stdout.splitlines()[-1]


def start(program, model, port):
    """The server's process and its port, once it answers."""
    port_file = pathlib.Path(tempfile.mkdtemp(prefix="tokenmill-")) / "port"
    words = [program, "serve", "--model", model, "--port", str(port), "--port-file", port_file]
    server = subprocess.Popen([str(word) for word in words])
    deadline = time.monotonic() + START_SECONDS
    while not port_file.exists() or not port_file.read_text().strip():
        if server.poll() is not None:
            sys.exit(server.returncode)  # it has said why
        if time.monotonic() > deadline:
            server.kill()
            sys.exit(f"error: the server was not ready within {START_SECONDS} s")
        time.sleep(0.01)
    chosen = int(port_file.read_text())
    port_file.unlink()
    port_file.parent.rmdir()
    return server, chosen


def events(response):
    """The JSON of each `data:` line of a stream of server-sent events."""
    for line in response:
        data = line.decode().strip().removeprefix("data: ")
        if data == "[DONE]":
            return
        if data:
            yield json.loads(data)


def ask(port):
    """Prints the answer as it comes; returns its first and last moment and the tokens counted."""
    body = {"messages": [{"role": "user", "content": QUESTION}], "stream": True, "max_tokens": 160,
            "temperature": 0, "stream_options": {"include_usage": True}}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    asked = time.monotonic()
    connection.request("POST", "/v1/chat/completions", json.dumps(body),
                       {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        sys.exit(f"error: the server answered {response.status}: {response.read().decode()}")
    first = last = None
    tokens = 0
    for event in events(response):
        tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
        text = "".join(choice["delta"].get("content") or "" for choice in event["choices"])
        if text:
            last = time.monotonic()
            first = first or last
            print(text, end="", flush=True)
    print()
    return asked, first or asked, last or asked, tokens


def peak_memory_mb(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def report(server, asked, first, last, tokens):
    rate = (tokens - 1) / (last - first) if tokens > 1 and last > first else 0.0
    print(f"\n{tokens} tokens, {rate:.1f} tokens/s, first token after "
          f"{(first - asked) * 1e3:.0f} ms, {peak_memory_mb(server):.0f} MB of memory")


def has_console(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("HEAD", "/console/")
    return connection.getresponse().status == 200


def how_to_go_on(port, program):
    url = f"http://127.0.0.1:{port}/v1"
    if has_console(port):
        print(f"\nIn a browser: http://127.0.0.1:{port}/console/")
    print(f"""
Serving on {url} until Ctrl-C. In another terminal:

  curl {url}/chat/completions -H 'Content-Type: application/json' \\
    -d '{{"messages": [{{"role": "user", "content": "Hello!"}}]}}'

  {os.path.relpath(program)} chat

  python3 -c 'import openai; print(openai.OpenAI(base_url="{url}", api_key="none").chat
    .completions.create(model="default", messages=[{{"role": "user", "content": "Hello!"}}])
    .choices[0].message.content)'          # the official client: pip install openai
""", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="path of a model file; without it, the default is fetched")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--program", default=PROGRAM)
    parser.add_argument("--once", action="store_true", help="stop the server after the answer")
    options = parser.parse_args()
    model = options.model or pull(options.program)
    server, port = start(options.program, model, options.port)
    # Ctrl-C reaches the server, too, which drains; we wait for it. A plain kill is passed on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        print(f"\n> {QUESTION}\n", flush=True)
        try:
            answer = ask(port)
        except (OSError, http.client.HTTPException) as error:
            sys.exit(f"error: the server did not answer the first question: {error}")
        report(server, *answer)
        how_to_go_on(port, options.program)
        if options.once:
            server.send_signal(signal.SIGINT)
        code = server.wait()
    finally:
        if server.poll() is None:
            server.terminate()
    sys.exit(code)


try:
    main()
except KeyboardInterrupt:
    sys.exit(130)
