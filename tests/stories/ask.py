#!/usr/bin/env python3
"""ask [--key KEY] PATH [BODY]: what the server says whose port is in the file `port` here.

With a body it is a POST, else a GET. Prints the status, then what came with it, with … for what is
another thing each time: ids and times.
"""

import http.client
import pathlib
import re
import sys


def main():
    port = int(pathlib.Path("port").read_text())
    words = sys.argv[1:]
    headers = {}
    if words[0] == "--key":
        headers["Authorization"] = f"Bearer {words[1]}"
        words = words[2:]
    body = words[1] if len(words) > 1 else None
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET" if body is None else "POST", words[0], body, headers)
    except ConnectionRefusedError:
        sys.exit("nobody answers")
    answer = connection.getresponse()
    text = answer.read().decode().rstrip("\n")
    text = re.sub(r'("id":"(?:chat)?cmpl-)[0-9a-f]+', r"\1…", text)
    text = re.sub(r'("created":)\d+', r"\1…", text)
    print(answer.status, answer.reason)
    print(text)


if __name__ == "__main__":
    main()
