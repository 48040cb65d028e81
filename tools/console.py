#!/usr/bin/env python3
"""Makes web/dist, the console's pages, which the program is then built with.

    console.py            fetches the packages and builds, each only if something has changed
    console.py --try      the same, but where there is no Node.js or network it says so and goes
                          on: the program works without pages, too
    console.py --packages the packages alone
"""

import hashlib
import pathlib
import re
import shutil
import subprocess
import sys

WEB = pathlib.Path(__file__).resolve().parent.parent / "web"
NODE_AT_LEAST = 18
SOURCES = ["src", "public", "index.html", "package-lock.json", "tsconfig.json", "vite.config.mjs"]


class Impossible(Exception):
    """Nothing is wrong with the pages, but they cannot be built here."""


def check_node():
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise Impossible("there is no Node.js or no npm here (apt-get install nodejs npm)")
    told = subprocess.run([node, "--version"], stdout=subprocess.PIPE, text=True).stdout
    match = re.match(r"v(\d+)", told)
    if not match or int(match[1]) < NODE_AT_LEAST:
        raise Impossible(f"Node.js is {told.strip()}, and {NODE_AT_LEAST} is needed")


def packages():
    """npm ci, once for each state of the lock file."""
    check_node()
    digest = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    mark = WEB / "node_modules" / ".tokenmill-lock"
    if mark.exists() and mark.read_text() == digest:
        return
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=WEB, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        why = (done.stdout.strip().splitlines() or ["?"])[-1]
        raise Impossible(f"npm could not fetch the packages ({why})")
    mark.write_text(digest)


def newest(paths):
    files = [path for path in paths if path.is_file()]
    files += [file for path in paths if path.is_dir() for file in path.rglob("*") if file.is_file()]
    return max((file.stat().st_mtime for file in files), default=0)


def build():
    index = WEB / "dist" / "index.html"
    if index.exists() and index.stat().st_mtime >= newest([WEB / name for name in SOURCES]):
        return
    packages()
    print("The console's pages: type-check and build", flush=True)
    done = subprocess.run(["npm", "run", "--silent", "build", "--", "--logLevel", "warn"], cwd=WEB)
    if done.returncode != 0:
        sys.exit("error: the console's pages cannot be built; why is just above")


def main():
    mode = " ".join(sys.argv[1:])
    if mode not in ("", "--try", "--packages"):
        sys.exit(__doc__)
    try:
        packages() if mode == "--packages" else build()
    except Impossible as why:
        if mode != "--try":
            sys.exit(f"error: {why}")
        print(f"The console is left out: {why}. All else works.", flush=True)


if __name__ == "__main__":
    main()
