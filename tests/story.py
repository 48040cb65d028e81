#!/usr/bin/env python3
"""Runs a story: a text file of commands and what they print.

    story.py [--rewrite] [--program build/release/tokenmill] stories/pull.txt …

A line `$ command` is run by bash in an empty folder of the story's own, where `tokenmill` is the
built program, `ask` is stories/ask.py, $HOUSE is the repository, and HOME and the models folder
are empty, too. What it prints on standard output and error must be the lines up to the next
command; `[exit N]` is the last of them where N is not 0. A program left behind (&) ends with the
story. `…` in an expected line stands for anything in that line; a line that is only `…` for any
lines. Lines before the first command, and lines that begin with `#`, are for the reader.
With --rewrite the transcript takes the place of what was expected (lines that fit stay as they
are).
"""

import argparse
import contextlib
import difflib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

SECONDS_MAX = 300
HOUSE = pathlib.Path(__file__).resolve().parent.parent


def parse(text):
    """A list of (lines for the reader, command, expected lines); the last may have no command."""
    steps, notes, command, expected = [], [], None, []
    for line in text.splitlines():
        if line.startswith("$ ") or line.startswith("#"):
            if command is not None:
                steps.append((notes, command, expected))
                notes, command, expected = [], None, []
            if line.startswith("$ "):
                command = line[2:]
            else:
                notes.append(line)
        else:
            (notes if command is None else expected).append(line)
    return steps + [(notes, command, expected)]


def run(command, folder, program, groups):
    home = folder / ".home"
    home.mkdir(exist_ok=True)
    tools = folder / ".bin"
    tools.mkdir(exist_ok=True)
    if not (tools / "tokenmill").exists():
        (tools / "tokenmill").symlink_to(program)
        (tools / "ask").symlink_to(HOUSE / "tests/stories/ask.py")
    env = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"),
           "PATH": f"{tools}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "COLUMNS": "80",
           "HOUSE": str(HOUSE)}
    with subprocess.Popen(["bash", "-c", command], cwd=folder, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          start_new_session=True) as process:
        groups.append(process.pid)
        try:
            printed, _ = process.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            end(groups)
            printed, _ = process.communicate()
    text = printed.decode(errors="replace").replace(str(folder), "<here>")
    return text.splitlines() + ([f"[exit {process.returncode}]"] if process.returncode else [])


def end(groups):
    """Ends what the commands of a story left behind: each had a process group of its own."""
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    groups.clear()


def pattern(lines):
    parts = []
    for line in lines:
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*")
        else:
            parts.append(r"[^\n]*".join(map(re.escape, line.split("…"))) + r"\n")
    return re.compile("".join(parts))


def trimmed(lines):
    """Blank lines between a transcript and the next command are layout."""
    lines = list(lines)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def fits(expected, printed):
    text = "".join(line + "\n" for line in trimmed(printed))
    return pattern(trimmed(expected)).fullmatch(text) is not None


def play(story, program, rewrite):
    """True where everything was as the story says (or has been rewritten)."""
    good, told, groups = True, [], []
    with tempfile.TemporaryDirectory(prefix="story-") as name, contextlib.ExitStack() as stack:
        stack.callback(end, groups)
        for notes, command, expected in parse(story.read_text()):
            told += notes
            if command is None:
                continue
            printed = run(command, pathlib.Path(name), program, groups)
            same = fits(expected, printed)
            blank = [""] if expected and not expected[-1].strip() else []
            told += ["$ " + command] + (expected if same else trimmed(printed) + blank)
            if not same and not rewrite:
                good = False
                print(f"{story.name}: $ {command}")
                print("\n".join(difflib.unified_diff(trimmed(expected), trimmed(printed),
                                                     "expected", "printed", lineterm="")))
    if rewrite:
        story.write_text("\n".join(told) + "\n")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rewrite", action="store_true")
    parser.add_argument("--program", default="build/release/tokenmill", type=pathlib.Path)
    parser.add_argument("stories", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    program = options.program.resolve()
    results = [play(story, program, options.rewrite) for story in options.stories]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
