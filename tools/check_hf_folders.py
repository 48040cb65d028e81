#!/usr/bin/env python3
"""Loads what `tokenmill quantize` writes as Hugging Face folders with Hugging Face transformers.

Every model of tests/golden/families goes folder -> GGUF -> folder, in float32, and transformers'
logits are held against the golden ones: the largest difference of a position relative to its
largest logit. With --model GGUF (and --tokenizer FOLDER, the original's) a real model becomes a
folder, too, and both tokenizers must give the same ids.

    pip install torch transformers
    python tools/check_hf_folders.py --tokenmill build/release/tokenmill
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
import tokenizers
import torch
import transformers

HOUSE = pathlib.Path(__file__).resolve().parent.parent
ERROR_MAX = 1e-4
VOCABULARY = {"pre_tokenizer": {"type": "ByteLevel"}, "added_tokens": [],
              "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}}


def convert(program, source, target):
    subprocess.run([program, "quantize", source, target, "--type", "F32"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def logits_of(folder, tokens):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager")
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0].numpy()


def error_of(golden, program, scratch):
    source = scratch / "source"
    shutil.copytree(golden, source)
    (source / "tokenizer.json").write_text(json.dumps(VOCABULARY))
    convert(program, source, scratch / "model.gguf")
    convert(program, scratch / "model.gguf", f"{scratch}/folder/")
    facts = json.loads((golden / "golden.json").read_text())
    wanted = numpy.fromfile(golden / "logits.bin", numpy.float32).reshape(-1, facts["vocab"])
    given = logits_of(scratch / "folder", facts["tokens"])[facts["positions"]]
    return float((abs(given - wanted).max(1) / abs(wanted).max(1)).max())


def same_ids(program, model, original, texts, scratch):
    convert(program, model, f"{scratch}/folder/")
    ours = transformers.AutoTokenizer.from_pretrained(scratch / "folder")
    theirs = tokenizers.Tokenizer.from_file(str(original / "tokenizer.json"))
    ids = [theirs.encode(text).ids for text in texts]
    plain = [theirs.decode(row) for row in ids]
    return (sum(ours(text)["input_ids"] != row for text, row in zip(texts, ids)),
            sum(ours.decode(row, skip_special_tokens=True) != text
                for row, text in zip(ids, plain)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokenmill", type=pathlib.Path, default=HOUSE / "build/release/tokenmill")
    parser.add_argument("--model", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--tokenizer", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--text", type=pathlib.Path, help="a file; each line is a text")
    options = parser.parse_args()
    good = True
    for golden in sorted(path.parent for path in HOUSE.glob("tests/golden/families/*/golden.json")):
        with tempfile.TemporaryDirectory() as scratch:
            error = error_of(golden, options.tokenmill, pathlib.Path(scratch))
        print(f"{golden.name:20} {error:.1e}")
        good = good and error <= ERROR_MAX
    for model, original in zip(options.model, options.tokenizer):
        texts = options.text.read_text().split("\n")
        with tempfile.TemporaryDirectory() as scratch:
            ids, back = same_ids(options.tokenmill, model, original, texts, pathlib.Path(scratch))
        print(f"{model.name}: of {len(texts)} texts {ids} with other ids, {back} decoded otherwise")
        good = good and ids == back == 0
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
