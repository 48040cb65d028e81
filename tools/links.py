#!/usr/bin/env python3
"""Every relative link in a Markdown file leads to a file, and to a heading where it names one."""

import os
import pathlib
import re
import sys

SKIPPED_FOLDERS = {".git", "build", "node_modules", ".cache", ".venv"}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.S | re.M)


def anchors(text):
    """The names by which a page's headings are linked: lower case, hyphens for blanks."""
    heads = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def broken(page):
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists():
            yield f"{target}: there is no such file"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
            yield f"{target}: there is no such heading"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    failures = 0
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for name in sorted(names):
            page = pathlib.Path(folder) / name
            for complaint in broken(page) if page.suffix == ".md" else ():
                print(f"{page.relative_to(root)}: {complaint}")
                failures += 1
    sys.exit(1 if failures else 0)


main()
