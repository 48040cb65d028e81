#!/usr/bin/env python3
"""Writes src/data/template/case_table.h from the Unicode database that Python carries."""

import pathlib
import unicodedata

POINTS = [c for c in range(128, 0x110000) if not 0xD800 <= c < 0xE000]
OUT = pathlib.Path(__file__).parent.parent / "src/data/template/case_table.h"

HEAD = """#pragma once
// tidy: data table
// Upper and lower case beyond ASCII, from the Unicode {version} character database, written by
// tools/make_case_table.py. A row maps every `step`-th code point of first…last by adding `delta`.
// clang-format off

namespace mill::jinja {{

struct CaseRange {{ char32_t first, last; char32_t step; int delta; }};
struct CodeRange {{ char32_t first, last; }};
struct Expansion {{ char32_t point; const char32_t* upper; }};
"""


def case_rows(change):
    """Runs of stride 1 or 2 that move by the same distance."""
    moves = {c: ord(change(chr(c))) - c for c in POINTS
             if len(change(chr(c))) == 1 and change(chr(c)) != chr(c)}
    done = set()
    for c in moves:
        if c in done:
            continue
        best = ()
        for step in (1, 2):
            last = c
            while moves.get(last + step) == moves[c] and last + step not in done:
                last += step
            if (run := range(c, last + 1, step)) and len(run) > len(best):
                best = run
        done.update(best)
        yield f"{{0x{c:x}, 0x{best[-1]:x}, {best.step}, {moves[c]}}},"


def run_rows(wanted):
    runs = []
    for c in (c for c in range(128, 0x110000) if wanted(c)):
        if runs and runs[-1][1] == c - 1:
            runs[-1][1] = c
        else:
            runs.append([c, c])
    return [f"{{0x{first:x}, 0x{last:x}}}," for first, last in runs]


def expansion_rows():
    for c in POINTS:
        upper = chr(c).upper()
        if len(upper) > 1:
            text = "".join(u if ord(u) < 128 else f"\\u{ord(u):04x}" for u in upper)
            yield f'{{0x{c:x}, U"{text}"}},'


def table(kind, name, rows, comment=""):
    lines, line = [], "   "
    for row in rows:
        if len(line) + len(row) > 97:
            lines.append(line)
            line = "   "
        line += " " + row
    body = "\n".join([*lines, line])
    return f"\n{comment}inline constexpr {kind} {name}[] = {{\n{body}\n}};\n"


def unprintable(c):
    return not chr(c).isprintable() and unicodedata.category(chr(c)) != "Cn"


def lower_only(c):
    return chr(c).islower() and chr(c).upper() == chr(c)


def upper_only(c):
    return chr(c).isupper() and chr(c).lower() == chr(c)


OUT.write_text(
    HEAD.format(version=unicodedata.unidata_version)
    + table("CaseRange", "kToLower", case_rows(str.lower))
    + table("CaseRange", "kToUpper", case_rows(str.upper))
    + table("Expansion", "kUpperExpansions", expansion_rows(),
            "// Upper case that is several code points.\n")
    + table("CodeRange", "kLowerOnly", run_rows(lower_only),
            "// Cased letters without a partner: small ones, large ones.\n")
    + table("CodeRange", "kUpperOnly", run_rows(upper_only))
    + table("CodeRange", "kUnprintable", run_rows(unprintable),
            "// Controls, formats, surrogates, private use and odd spaces (Cc Cf Cs Co Z*): what\n"
            "// Python's repr escapes. Code points without an assignment are taken as printable.\n")
    + "\n}  // namespace mill::jinja\n", encoding="utf-8")
