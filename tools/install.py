#!/usr/bin/env python3
"""Installs what is missing of docs/dependencies.md: install.py run|teach|test|tidy"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

TABLE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "dependencies.md"
ROW = re.compile(r"^\| `([a-z0-9.+-]+)` \| (run|teach|test|tidy) \| (?:`([^`]+)`)? *\| (.+) \|$")
LEVELS = ["run", "teach", "test", "tidy"]  # each needs those before it, too
NEEDS = {level: set(LEVELS[: i + 1]) for i, level in enumerate(LEVELS)}


def rows(wanted):
    """(package, command, why) of the table, of what is wanted and what that stands on."""
    for line in TABLE.read_text().splitlines():
        match = ROW.match(line)
        if match and match[2] in NEEDS[wanted]:
            yield match[1], match[3], match[4]


def installed(packages):
    query = ["dpkg-query", "-W", "-f=${db:Status-Status} ${Package}\n", *packages]
    out = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return {line.split()[1] for line in out.splitlines() if line.startswith("installed ")}


def missing(wanted):
    table = [row for row in rows(wanted) if not (row[1] and shutil.which(row[1]))]
    present = installed([package for package, _, _ in table]) if table else set()
    return [row for row in table if row[0] not in present]


def apt(*words):
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    env = ["env", "DEBIAN_FRONTEND=noninteractive"]
    return subprocess.run([*sudo, *env, "apt-get", "-q", *words]).returncode == 0


def install(packages):
    """The package lists may be absent or out of date: then they are fetched, and we try again."""
    words = ["install", "-y", "--no-install-recommends", *packages]
    return apt(*words) or (apt("update") and apt(*words))


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in NEEDS:
        sys.exit(__doc__)
    todo = missing(sys.argv[1]) if shutil.which("dpkg-query") else list(rows(sys.argv[1]))
    if not todo:
        return
    if not shutil.which("apt-get"):
        print("This is no Debian, so check for yourself that there are:")
    else:
        print("Missing, so they are installed now:")
    for package, _, why in todo:
        print(f"  {package:<22} {why}", flush=True)
    if not shutil.which("apt-get"):
        return
    if os.geteuid() != 0 and not shutil.which("sudo"):
        sys.exit("error: neither root nor sudo; install the packages above, then try again")
    if not install([package for package, _, _ in todo]):
        sys.exit("error: apt-get could not install the packages above; its complaint is just above")


main()
