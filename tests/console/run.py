#!/usr/bin/env python3
"""Runs a part of the console's tests.

    run.py --program build/release/tokenmill PART

    unit   the pages' pure parts, in Node.js
    size   what a browser loads, compressed
    made   the pages in Chromium, in front of a made-up server, in every state
    real   the pages in Chromium, served by the real program, with its model

Exit code 77: skipped, and why.
"""

import argparse
import gzip
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WEB = HERE.parent.parent / "web"
sys.path += [str(HERE.parent), str(HERE.parent.parent / "tools")]
import console  # noqa: E402
import tiny_server  # noqa: E402

SKIPPED = 77
SIZE_MAX = 300_000  # bytes, compressed, of all that is in web/dist
BROWSERS = ["chromium", "chromium-browser", "google-chrome"]


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def node(*words, **environment):
    command = ["node", "tools/bundle.mjs", *words]
    return subprocess.run(command, cwd=WEB, env={**os.environ, **environment}).returncode


def browser():
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    return found or skip("there is no Chromium here (apt-get install chromium)")


def unit(_):
    return node("--test")


def size(_):
    total = 0
    for path in sorted(path for path in (WEB / "dist").rglob("*") if path.is_file()):
        packed = len(gzip.compress(path.read_bytes(), 9))
        print(f"{packed:8} {path.relative_to(WEB / 'dist')}")
        total += packed
    print(f"{total:8} in all, of {SIZE_MAX} at most")
    return 0 if 0 < total < SIZE_MAX else 1


def made(_):
    return node("--test", "e2e/made.e2e.ts", CHROMIUM=browser())


def real(program):
    chromium = browser()
    with tempfile.TemporaryDirectory() as folder:
        tiny = tiny_server.make_model(folder)
        server = tiny_server.Server(program, folder)
        status, _, _ = server.ask("/console/")
        server.stop()
        if status != 200:
            skip("this program was built without the console (make console, then build again)")
        return node("--test", "e2e/real.e2e.ts", CHROMIUM=chromium, TOKENMILL_PROGRAM=program,
                    TOKENMILL_TINY=str(tiny))


PARTS = {"unit": unit, "size": size, "made": made, "real": real}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("part", choices=PARTS)
    options = parser.parse_args()
    try:
        console.build()
        console.packages()
    except console.Impossible as why:
        skip(str(why))
    sys.exit(PARTS[options.part](str(pathlib.Path(options.program).resolve())))


if __name__ == "__main__":
    main()
