#!/usr/bin/env python3
"""Makes the pictures of the console in docs/pictures/ anew: screenshots.py [PROGRAM]

The real program, built with the console, with the default model; Chromium without a window.
Debian's fonts-inter makes them look as those that are there. Pages that wait for a picture have it
in a comment, <!-- ![words](pictures/NAME) -->, which goes once the picture is there.
"""

import os
import pathlib
import re
import subprocess
import sys

import console

HOUSE = pathlib.Path(__file__).resolve().parent.parent
PAGES = ["README.md", "docs/console.md"]
WAITING = re.compile(r"<!-- (!\[[^]]*\]\(([^)\s]+)\)) -->")


def show():
    for page in (HOUSE / name for name in PAGES):
        there = lambda found: (page.parent / found[2]).exists()
        text = page.read_text()
        page.write_text(WAITING.sub(lambda found: found[1] if there(found) else found[0], text))


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else HOUSE / "build" / "release" / "tokenmill"
    console.packages()
    environment = {**os.environ, "TOKENMILL_PROGRAM": str(pathlib.Path(program).resolve())}
    command = ["node", "tools/bundle.mjs", "e2e/screenshots.ts"]
    made = subprocess.run(command, cwd=console.WEB, env=environment).returncode
    if made == 0:
        show()
    sys.exit(made)


if __name__ == "__main__":
    main()
