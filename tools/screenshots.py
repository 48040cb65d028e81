#!/usr/bin/env python3
"""Makes the pictures of the console in docs/pictures/ anew: screenshots.py [PROGRAM]

The real program, built with the console, with the default model; Chromium without a window.
Debian's fonts-inter makes them look as those that are there.
"""

import os
import pathlib
import subprocess
import sys

import console

HOUSE = pathlib.Path(__file__).resolve().parent.parent


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else HOUSE / "build" / "release" / "tokenmill"
    console.packages()
    environment = {**os.environ, "TOKENMILL_PROGRAM": str(pathlib.Path(program).resolve())}
    command = ["node", "tools/bundle.mjs", "e2e/screenshots.ts"]
    sys.exit(subprocess.run(command, cwd=console.WEB, env=environment).returncode)


if __name__ == "__main__":
    main()
