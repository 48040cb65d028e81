#!/usr/bin/env python3
"""Turns the console's pages into a table of C++: embed_console.py FOLDER OUTPUT

The same files give the same bytes. A file is gzipped where that is shorter; its ETag is of what it
says, so that it changes with the file and with nothing else.
"""

import gzip
import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".webp": "image/webp",
    ".woff2": "font/woff2", ".json": "application/json", ".map": "application/json",
    ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
}
HEAD = """// Made by tools/embed_console.py of web/dist. tidy: data table
#include "service/web/files.h"

namespace mill::web {
namespace {

"""


def array(name, data):
    """constexpr char NAME[] = {…}; as characters, since char has a sign here and none there."""
    numbers = [f"'\\x{byte:02x}'" for byte in data]
    lines = [",".join(numbers[i:i + 16]) for i in range(0, len(numbers), 16)]
    return f"constexpr char {name}[] = {{\n" + ",\n".join(lines) + "};\n"


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def table(folder):
    text, rows = HEAD, ""
    files = sorted((path for path in folder.rglob("*") if path.is_file() and path.stat().st_size),
                   key=lambda path: path.relative_to(folder).as_posix())
    for i, path in enumerate(files):
        plain = path.read_bytes()
        packed = gzip.compress(plain, 9, mtime=0)
        smaller = len(packed) < len(plain)
        text += array(f"kBytes{i}", packed if smaller else plain)
        row = [quoted(path.relative_to(folder).as_posix()),
               quoted(TYPES.get(path.suffix, "application/octet-stream")),
               quoted(f'"{hashlib.sha256(plain).hexdigest()[:24]}"'),
               f"{{kBytes{i}, sizeof kBytes{i}}}", str(smaller).lower()]
        rows += f"    {{{', '.join(row)}}},\n"
    text += f"\nconstexpr File kFiles[] = {{\n{rows}}};\n\n}}  // namespace\n\n"
    return text + ("std::span<const File> built_files() { return kFiles; }\n\n"
                   "}  // namespace mill::web\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    pathlib.Path(sys.argv[2]).write_text(table(pathlib.Path(sys.argv[1])))


main()
