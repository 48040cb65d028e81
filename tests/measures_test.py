#!/usr/bin/env python3
"""`tokenmill bench` and `tokenmill perplexity`: their JSON, and what they say of wrong input."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
GOLDENS = pathlib.Path(__file__).parent / "golden/families"


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          check=False)


def expect(condition, what, result):
    if not condition:
        sys.exit(f"{what}\nexit {result.returncode}\n{result.stdout}\n{result.stderr}")


def bench_prints_one_object_a_line():
    result = run("bench", GOLDENS / "llama3/model.gguf", "--quick", "--json")
    expect(result.returncode == 0, "bench failed", result)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    expect([row["case"] for row in rows] == ["prefill_512", "decode_1", "decode_16"],
           "the cases are others", result)
    for row in rows:
        expect(row["tokens_per_s"] > 0 and 0 < row["limit_share"] <= 1, "not a figure", result)
        expect("peer" not in row and "ratio" not in row, "a peer that nobody asked for", result)


def bench_names_the_remedy():
    result = run("bench", GOLDENS / "llama3/model.gguf", "--vs", "llama.cpp",
                 "--peer", "/nonexistent/llama-bench")
    expect(result.returncode == 3 and "--peer" in result.stderr, "no remedy", result)
    result = run("bench", GOLDENS / "llama3/model.gguf", "--vs", "abacus")
    expect(result.returncode == 2 and "llama.cpp" in result.stderr, "no peers named", result)
    result = run("bench", GOLDENS / "llama3/model.gguf", "--case", "prefill_513")
    expect(result.returncode == 2 and "prefill_512" in result.stderr, "no cases named", result)


def bench_runs_what_is_chosen(folder):
    saved = folder / "results.md"
    result = run("bench", GOLDENS / "llama3/model.gguf", "--case", "decode_8,prefill_8k_q8",
                 "--rounds", 1, "--json", "--save", saved)
    expect(result.returncode == 0, "bench failed", result)
    rows = {row["case"]: row for row in map(json.loads, result.stdout.splitlines())}
    expect(set(rows) == {"decode_8", "prefill_8k_q8"}, "other cases", result)
    limits = rows["decode_8"]["limits"]["core"]
    expect(limits["int8_ops_per_s"] > 0 and limits["read_bytes_per_s"] > 0, "no limits", result)
    text = saved.read_text()
    expect("--case decode_8" in text and "prefill_8k_q8" in text, "not saved: " + text, result)


def bench_makes_models(folder):
    file = folder / "made.gguf"
    result = run("bench", "--make-model", "smollm2-135m", "--quant", "q4_k_m", file)
    expect(result.returncode == 0 and file.exists(), "no model made", result)
    result = run("tokenize", "--model", file, "--json", "--no-special", "the mill\n")
    expect(result.returncode == 0, "its vocabulary cannot be read", result)
    result = run("complete", "--model", file, "-p", "the mill", "--max-tokens", 2, "--context", 64,
                 "--temperature", 0, "--json")
    expect(result.returncode == 0, "it does not run", result)
    result = run("bench", file, "--case", "start", "--rounds", 1, "--json")
    expect(result.returncode == 0, "it does not start", result)
    row = json.loads(result.stdout)
    expect(row["case"] == "start" and 0 < row["seconds"] < 60, "no time", result)
    expect(row["peak_memory_bytes"] > row["weights_bytes"], "no memory", result)
    result = run("bench", "--make-model", "abacus", "--quant", "q8_0", file)
    expect(result.returncode == 2 and "llama-1b" in result.stderr, "no shapes named", result)
    result = run("bench", "--make-model", "llama-1b", "--quant", "beads", file)
    expect(result.returncode == 2 and "Q4_K_M" in result.stderr, "no formats named", result)


def default_model():
    given = os.environ.get("TOKENMILL_MODEL")
    cache = os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
    path = given or f"{cache}/tokenmill/models/SmolLM2-135M-Instruct.Q4_1.gguf"
    return path if os.path.exists(path) else None


def perplexity_of_a_text(model, folder):
    text = folder / "text.txt"
    text.write_text("The mill turns with the river, and the river does not hurry. " * 40)
    result = run("perplexity", model, "--file", text, "--context", 64, "--windows", 3,
                 "--base", model, "--json")
    expect(result.returncode == 0, "perplexity failed", result)
    row = json.loads(result.stdout)
    expect(row["windows"] == 3 and row["tokens_scored"] == 3 * 31, "other tokens", result)
    expect(1 < row["perplexity"] < 20, "a repeated sentence is easy to predict", result)
    # The base keeps its cache in float32, which turns some roundings of the activations: as near as
    # the model is to the float32 evaluation of its weights, and no nearer.
    expect(0 < row["kl_divergence"] < 0.02, "far from itself", result)
    text.write_text("Too short.")
    result = run("perplexity", model, "--file", text)
    expect(result.returncode == 2 and "512" in result.stderr, "no lengths named", result)


bench_prints_one_object_a_line()
bench_names_the_remedy()
with tempfile.TemporaryDirectory() as scratch:
    bench_makes_models(pathlib.Path(scratch))
    bench_runs_what_is_chosen(pathlib.Path(scratch))
    if default_model():
        perplexity_of_a_text(default_model(), pathlib.Path(scratch))
if not default_model():
    print("skipped: perplexity, for want of a model; `tokenmill pull default` fetches it")
