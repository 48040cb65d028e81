#!/usr/bin/env python3
"""The rules of the house that a machine can check; prints what breaks them, one line each.

The law      a folder includes only itself and what sorts before it, under src/ and within a floor;
             apps/ may include everything; headers never include each other in a circle. The same
             holds for what the console's folders, under web/src/, import
Budgets      file <= 400 lines, function <= 60, line <= 100, parameters <= 5, nesting <= 3. A file
             that is a table of data says "tidy: data table" in a comment, and may be long and wide.
Form         file names, #pragma once, own header first, no tabs, no notes to self, no paths of one
             machine, and clang-format's layout where clang-format-19 is installed
"""

import os
import pathlib
import posixpath
import re
import shutil
import subprocess
import sys

FILE_LINES, FUNCTION_LINES, LINE_COLUMNS, PARAMETERS, NESTING = 400, 60, 100, 5, 3
DATA_MARK = "tidy: " + "data table"
SKIPPED_FOLDERS = {".git", "build", "dist", "node_modules", "__pycache__", ".cache", ".venv"}
CODE = {".h", ".cc", ".inl"}
PAGES = {".ts", ".tsx", ".css"}  # of web/
TEXT = CODE | PAGES | {".py", ".sh", ".cmake", ".md", ".txt", ".mjs", ".js", ".html"}
NOTES = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "HA" + "CK", "XX" + "X")) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w.~*)}])/(?:root|work|home)/\w")
NAME = re.compile(r"^[a-z0-9_]+(\.(test|bench|fuzz))?\.(h|cc)$|^[a-z0-9_]+\.inl$")
IMPORT = re.compile(r"^(?:import|export)\b[^;]*?\bfrom '(\.[^']+)'", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
CONTROL = re.compile(r"\b(if|for|while|switch|do|else|try|catch)\b")
SCOPE = re.compile(r"\b(namespace|struct|class|enum|union|extern)\b[^()=]*$")
INITIALISERS = re.compile(r"\)\s*(noexcept\s*)?:[^:]")
AFTER_PARAMETERS = re.compile(r"(\)|\bconst|\bnoexcept|\boverride|\bfinal|\bmutable|&)$")


def blanked(code):
    """The same text, as long and on the same lines, without comments, literals and directives."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])*'|^[ \t]*\#(?:\\\n|[^\n])*", re.S | re.M)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), code)


def parameters(header):
    """How many parameters the first parenthesised list of a function's head has."""
    depth = count = 0
    empty = True
    begin = header.find("(", header.find("operator()") + 10 if "operator()" in header else 0)
    for c in header[begin:]:
        depth += (c in "(<[{") - (c in ")>]}")
        if depth == 0:
            break
        if depth == 1 and c == ",":
            count += 1
        empty = empty and (c == "(" or c.isspace())
    return 0 if empty else count + 1


class Blocks:
    """Walks the braces of a file, and tells its functions and how deep control flow goes in each.

    A brace belongs to a scope (namespace, class), a function, a control statement within one, or
    anything else (initialisers, lambdas), judged by the text since the last statement.
    """

    def __init__(self, code):
        self.code = blanked(code)
        self.functions = []  # (first line, lines, parameters, depth of nesting)
        self.stack = []  # (kind, head, offset of the head)
        self.walk()

    def kind(self, head):
        inside = any(kind == "function" for kind, _, _ in self.stack)
        text = head.strip()
        if inside:
            flow = CONTROL.match(text.lstrip("} ")) and (text.endswith((")", "else", "do", "try")))
            return "control" if flow else "other"
        if text.startswith("TEST_CASE"):
            return "function"
        if SCOPE.search(text):
            return "scope"
        body = AFTER_PARAMETERS.search(text) or "->" in text.rsplit(")", 1)[-1] or (
            text.endswith("}") and INITIALISERS.search(text))
        return "function" if "(" in text and body else "other"

    def walk(self):
        start, parens = 0, 0
        for at, c in enumerate(self.code):
            parens += (c == "(") - (c == ")")
            if c == "{":
                head = self.code[start:at]
                self.stack.append((self.kind(head), head, start))
                start = at + 1
            elif c == "}" and self.stack:
                start = self.close(at)
            elif c == ";" and not self.in_for_head(start, at):
                start = at + 1

    def in_for_head(self, start, at):
        head = self.code[start:at]
        return head.lstrip().startswith("for") and head.count("(") > head.count(")")

    def close(self, at):
        kind, head, start = self.stack.pop()
        if kind == "control":
            depth = 1 + sum(k == "control" for k, _, _ in self.stack)
            self.deepest = max(getattr(self, "deepest", 0), depth)
        if kind == "function":
            first = start + len(head) - len(head.lstrip())
            line = self.code.count("\n", 0, first) + 1
            lines = self.code.count("\n", first, at) + 1
            count = 0 if head.strip().startswith("TEST_CASE") else parameters(head)
            self.functions.append((line, lines, count, getattr(self, "deepest", 0)))
            self.deepest = 0
        # What follows an initialiser's brace is still the same statement: `A() : x_{1} {`.
        return start if kind == "other" else at + 1


def law(path, included):
    """Why src/`path` must not include `included` (both below src/), or None."""
    here, there = path.split("/")[:-1], included.split("/")[:-1]
    for mine, theirs in zip(here, there):
        if mine != theirs:
            return None if theirs < mine else f"{theirs}/ sorts after {mine}/"
    return None


def circles(headers):
    """Circles in {header: headers it includes}, each told once."""
    done, found = set(), []

    def visit(header, trail):
        if header in trail:
            found.append(" -> ".join(trail[trail.index(header):] + [header]))
        elif header not in done:
            for other in headers.get(header, ()):
                visit(other, trail + [header])
            done.add(header)

    for header in sorted(headers):
        visit(header, [])
    return found


def check_includes(root, path, text):
    includes = INCLUDE.findall(text)
    base = re.sub(r"(\.test)?\.(cc|h)$", "", path)
    own = base.removeprefix("src/") + ".h"
    if path.endswith(".cc") and (root / (base + ".h")).exists():
        if not includes or includes[0][1] != own:
            yield 1, f"the first include is not its own header {own}"
    for quote, name in includes:
        if path.startswith("src/") and quote == '"':
            reason = law(path.removeprefix("src/"), name)
            if reason or name.startswith("apps/"):
                yield 1, f"includes {name}: {reason or 'apps/ is above src/'}"
        if quote == '"' and "/" not in name:
            yield 1, f"includes {name} without its folder"


def check_budgets(text):
    data = DATA_MARK in text
    lines = text.count("\n")
    if lines > FILE_LINES and not data:
        yield 1, f"{lines} lines (at most {FILE_LINES})"
    for line, length, count, depth in Blocks(text).functions:
        if length > FUNCTION_LINES and not data:
            yield line, f"a function of {length} lines (at most {FUNCTION_LINES})"
        if count > PARAMETERS:
            yield line, f"{count} parameters (at most {PARAMETERS})"
        if depth > NESTING:
            yield line, f"control flow nested {depth} deep (at most {NESTING})"


def check_code(root, path, text):
    if not NAME.match(path.split("/")[-1]):
        yield 1, "the file name is not lower_case.h, .cc, .test.cc, .bench.cc or .fuzz.cc"
    if path.endswith(".h") and not text.startswith("#pragma once\n"):
        yield 1, "does not begin with #pragma once"
    yield from check_includes(root, path, text)
    yield from check_budgets(text)


def check_pages(path, text):
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield 1, f"{lines} lines (at most {FILE_LINES})"
    if not path.startswith("web/src/") or ".test." in path:
        return
    for match in IMPORT.finditer(text):
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[1]))
        reason = "it is outside of web/src/"
        if there.startswith("web/src/"):
            reason = law(path.removeprefix("web/src/"), there.removeprefix("web/src/"))
        if reason:
            yield text.count("\n", 0, match.start()) + 1, f"imports {match[1]}: {reason}"


def check_lines(path, text):
    # Tables and transcripts are as wide as they are.
    wide = path.endswith((".md", ".txt")) or DATA_MARK in text
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_COLUMNS and not wide:
            yield number, f"{len(line)} columns (at most {LINE_COLUMNS})"
        if "\t" in line and not path.endswith(".txt"):
            yield number, "a tab"
        if NOTES.search(line):
            yield number, "a note to self; finish it or file it"
        if MACHINE_PATH.search(line):
            yield number, "a path of one machine"


def check_file(root, path):
    text = (root / path).read_text(errors="replace")
    yield from check_lines(path, text)
    if pathlib.Path(path).suffix in CODE:
        yield from check_code(root, path, text)
    if pathlib.Path(path).suffix in PAGES:
        yield from check_pages(path, text)


def files_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for name in sorted(names):
            if pathlib.Path(name).suffix in TEXT:
                yield (pathlib.Path(folder) / name).relative_to(root).as_posix()


def check_circles(root, files):
    headers = {}
    for path in files:
        if path.startswith("src/") and path.endswith(".h"):
            text = (root / path).read_text(errors="replace")
            headers[path.removeprefix("src/")] = [n for q, n in INCLUDE.findall(text) if q == '"']
    for circle in circles(headers):
        yield f"src: headers include each other in a circle: {circle}"


def check_layout(root, files):
    program = shutil.which("clang-format-19")
    code = [path for path in files if pathlib.Path(path).suffix in CODE]
    if not program or not code:
        return
    run = subprocess.run([program, "--dry-run", *code], cwd=root, stderr=subprocess.PIPE, text=True)
    for path in sorted(set(re.findall(r"^([^:\n]+):\d+:\d+: warning:", run.stderr, re.M))):
        yield f"{path}: not laid out by clang-format-19 (clang-format-19 -i {path})"


def complaints(root):
    files = list(files_of(root))
    for path in files:
        for line, complaint in check_file(root, path):
            yield f"{path}:{line}: {complaint}"
    yield from check_circles(root, files)
    yield from check_layout(root, files)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = list(complaints(root))
    print("\n".join(found) or "tidy")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
