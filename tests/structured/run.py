#!/usr/bin/env python3
"""Structured output against JSONSchemaBench and ajv: how many schemas are accepted, and whether all
that random tokens write under them is valid.

    tests/structured/run.py BUILD [--every N] [--answers N] [--tokens N] [--markdown] …

It works in pieces of PIECE schemas and keeps each piece's results below BUILD/structured, by the
program and the options that gave them: an interrupted run goes on where it was.

Fails where fewer than 95 % are accepted or one answer is invalid. Without the shared data or npm it
says "skipped" and passes.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ["ajv@8", "ajv-formats@3", "ajv-draft-04@1"]
ACCEPTED_LEAST = 0.95
PIECE = 200


def skipped(why):
    print(f"skipped: {why}")
    sys.exit(0)


def unpacked(build, name):
    data = pathlib.Path(os.environ.get("TOKENMILL_SHARED_DATA", SOURCE / "../shared/data"))
    archive, target = data / f"{name}.tar.zst", build / "test-data" / name
    if not (target / ".complete").exists():
        if not archive.exists():
            skipped(f"{name}.tar.zst is not in the shared data")
        target.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "--zstd", "-xf", archive, "-C", target], check=True)
        (target / ".complete").touch()
    return target


def validator_folder(build):
    folder = build / "npm" / "ajv"
    if not (folder / "node_modules" / "ajv-draft-04").exists():
        if shutil.which("npm") is None:
            skipped("there is no npm")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}")
        run = subprocess.run(["npm", "install", "--no-audit", "--no-fund", *PACKAGES], cwd=folder,
                             capture_output=True, text=True)
        if run.returncode != 0:
            skipped("npm could not install ajv")
    return folder


def lines(command, text, **more):
    run = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True, **more)
    return run.stdout


def table(rows, verdicts, markdown):
    counts = collections.defaultdict(collections.Counter)
    for row in rows:
        folder = pathlib.Path(row["file"]).parent.name
        for name in (folder, "all"):
            it = counts[name]
            it["schemas"] += 1
            it["accepted"] += "answers" in row
            verdict = verdicts.get(row["file"], {})
            it["valid"] += verdict.get("valid", 0)
            it["invalid"] += len(verdict.get("invalid", []))
            it["unread"] += "ajv" in verdict
    mark = "| {} | {} | {} | {:.1f} % | {} | {} | {} |" if markdown else \
        "{:18} {:6} {:6} {:6.1f} % {:7} {:5} {:5}"
    head = ("data set", "schemas", "accepted", "", "valid", "invalid", "not read by ajv")
    print("| " + " | ".join(head) + " |\n" + "|---" * 7 + "|" if markdown else " ".join(head))
    for name in sorted(counts, key=lambda n: (n == "all", n.lower())):
        it = counts[name]
        print(mark.format(name, it["schemas"], it["accepted"], 100 * it["accepted"] / it["schemas"],
                          it["valid"], it["invalid"], it["unread"]))
    return counts["all"]


def reasons(rows):
    found = collections.Counter()
    for row in rows:
        if "error" in row:
            found[row["error"].split(": ", 1)[-1][:90]] += 1
    for reason, count in found.most_common(12):
        print(f"refused {count:4}: {reason}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--every", type=int, default=1, help="only every N-th schema")
    parser.add_argument("--answers", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=60, help="beyond the shortest answer")
    parser.add_argument("--vocabulary", default="smollm2-135m-instruct")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def results_folder(build, options):
    """Another program or other options give other results."""
    key = hashlib.sha256((build / "random_answers").read_bytes())
    key.update(f"{options.every} {options.answers} {options.tokens} {options.vocabulary}".encode())
    folder = build / "structured" / key.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def piece_results(path, generate, validate, schemas):
    """Rows and verdicts of some schemas: as they were kept, or new."""
    if not path.exists():
        answers = lines(generate, "\n".join(schemas) + "\n")
        told = lines(validate[0], answers, env=validate[1])
        rows = [json.loads(line) for line in answers.splitlines()]
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps([rows, [json.loads(line) for line in told.splitlines()]]))
        partial.rename(path)
    return json.loads(path.read_text())


def main():
    options = arguments()
    build = options.build.resolve()
    schemas = sorted(str(p) for p in unpacked(build, "jsonschemabench").rglob("data/*/*.json"))
    schemas = schemas[::options.every]
    vocabulary = next(unpacked(build, "tokenizers").rglob(f"{options.vocabulary}/tokenizer.json"))
    node = dict(os.environ, NODE_ROOT=str(validator_folder(build)))
    generate = [build / "random_answers", vocabulary, str(options.answers), str(options.tokens)]
    validate = (["node", SOURCE / "tests/structured/validate.mjs"], node)
    folder = results_folder(build, options)
    rows, verdicts = [], {}
    for start in range(0, len(schemas), PIECE):
        some = piece_results(folder / f"{start:05}.json", generate, validate,
                             schemas[start:start + PIECE])
        rows += some[0]
        verdicts.update({row["file"]: row for row in some[1]})
    total = table(rows, verdicts, options.markdown)
    reasons(rows)
    for row in verdicts.values():
        for answer, why in row["invalid"][:1]:
            print(f"INVALID {row['file']}: {why[:200]}\n  {answer[:400]}")
    masks = sum(row.get("masks", 0) for row in rows)
    mean = sum(row.get("mask_us", 0) * row.get("masks", 0) for row in rows) / max(masks, 1)
    print(f"{masks} masks, {mean:.1f} us each; compiling took "
          f"{sum(row.get('compile_ms', 0) for row in rows) / len(rows):.1f} ms a schema, "
          f"{max(row.get('compile_ms', 0) for row in rows):.0f} ms at most")
    sys.exit(total["invalid"] > 0 or total["accepted"] < ACCEPTED_LEAST * total["schemas"])


if __name__ == "__main__":
    main()
