#!/usr/bin/env python3
"""What a greedy tenant costs a small one: the small one's whole answers, alone and beside the
other's endless streams, in turn, so that both see the same machine.

    tools/greedy_tenant.py PROGRAM MODEL [--turns 20] [--asks 5] [--clients 100]

A turn is ASKS answers alone, then as many beside; its ratio compares the means. Printed are the
medians of the turns' ratios, with an interval of 95 % (bootstrap), for whole answers and for first
tokens. The greedy one is `tokenmill bench serve`, so that its own work is small."""

import argparse
import http.client
import json
import pathlib
import random
import signal
import statistics
import subprocess
import tempfile
import time

WORDS = ("the mill wheel turns water flour grain stone river morning baker bread road village "
         "winter").split()


def made_key(program, keys, tenant):
    made = subprocess.run([program, "keys", "add", "--file", keys, "--tenant", tenant],
                          capture_output=True, text=True, check=True)
    return made.stdout.split()[-1]


class Small:
    """The tenant that asks now and then."""

    def __init__(self, port, key):
        self.port, self.key, self.random = port, key, random.Random(1)

    def ask(self):
        """(seconds to the first token, to the end)"""
        prompt = " ".join(self.random.choices(WORDS, k=100))
        body = json.dumps({"prompt": prompt, "max_tokens": 100, "stream": True,
                           "ignore_eos": True, "temperature": 0})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        began = time.monotonic()
        connection.request("POST", "/v1/completions", body, {"Authorization": f"Bearer {self.key}"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        first = None
        while answer.readline().strip() != b"data: [DONE]":
            first = first or time.monotonic() - began
        connection.close()
        return first, time.monotonic() - began

    def several(self, count):
        times = []
        for _ in range(count):
            time.sleep(self.random.uniform(0.02, 0.1))
            times.append(self.ask())
        return [statistics.mean(column) for column in zip(*times)]


def interval(ratios, draws=2000):
    picked = random.Random(2)
    medians = sorted(statistics.median(picked.choices(ratios, k=len(ratios)))
                     for _ in range(draws))
    return medians[draws // 40], medians[-draws // 40]


def measure(options, port, keys):
    small = Small(port, keys["small"])
    small.several(options.asks)  # the pages are warm, and so on
    greedy_command = [options.program, "bench", "serve", "--server", f"http://127.0.0.1:{port}",
                      "--api-key", keys["greedy"], "--clients", str(options.clients), "--requests",
                      "1000000", "--prompt-tokens", "64-256", "--answer-tokens", "200-400",
                      "--vanish", "0", "--json"]
    alone, beside = [], []
    for turn in range(options.turns):
        alone.append(small.several(options.asks))
        greedy = subprocess.Popen(greedy_command, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        time.sleep(3)  # until its batch is full
        beside.append(small.several(options.asks))
        greedy.send_signal(signal.SIGKILL)
        greedy.wait()
        time.sleep(1)
        print(f"turn {turn + 1}: alone {alone[-1][1] * 1000:.0f} ms, "
              f"beside {beside[-1][1] * 1000:.0f} ms", flush=True)
    for name, column in (("whole answer", 1), ("first token", 0)):
        ratios = [b[column] / a[column] for a, b in zip(alone, beside)]
        low, high = interval(ratios)
        print(f"{name}: alone {statistics.median(a[column] for a in alone) * 1000:.0f} ms, beside "
              f"{statistics.median(b[column] for b in beside) * 1000:.0f} ms, ratio "
              f"{statistics.median(ratios):.3f} (95 %: {low:.3f}-{high:.3f})")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--asks", type=int, default=5)
    parser.add_argument("--clients", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        keys = {tenant: made_key(options.program, folder / "keys", tenant)
                for tenant in ("small", "greedy")}
        with open(folder / "log", "w") as log:
            server = subprocess.Popen([options.program, "serve", options.model, "--port", "0",
                                       "--port-file", folder / "port", "--keys", folder / "keys",
                                       "--ledger", folder / "ledger"], stdout=log, stderr=log)
        try:
            while not (folder / "port").exists():
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
            measure(options, int((folder / "port").read_text()), keys)
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
