#!/usr/bin/env python3
"""Writes tests/golden/quants.txt: blocks of every storage format, with the numbers that an
independent implementation (the PyPI package `gguf`, numpy) reads from them, and the blocks that it
makes of given numbers.

    pip install gguf==0.19.0 && python3 tools/make_quant_golden.py

One case a line, fields separated by spaces, numbers as hexadecimal of little-endian bytes:
    dequantize TYPE BLOCKS F32S
    quantize   TYPE F32S   BLOCKS
"""
import importlib.metadata
import pathlib

import gguf
import numpy as np

TYPES = "F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL IQ4_XS MXFP4".split()
QUANTIZES = "F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 MXFP4".split()
# Where each format keeps its f16 scales, in bytes from the start of a block.
HALVES = {"F16": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
          "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
          "IQ4_NL": [0], "IQ4_XS": [0]}


def hexed(array):
    return np.ascontiguousarray(array).tobytes().hex()


def random_blocks(rng, name, count):
    """Random bytes, but finite scales: small, subnormal, negative and large ones in turn."""
    _, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for offset in HALVES.get(name, []):
        sizes = np.resize([0.01, 3e-7, 40.0], count)
        scales = (rng.normal(size=count) * sizes).astype(np.float16)
        blocks[:, offset:offset + 2] = scales.view(np.uint8).reshape(count, 2)
    if name == "BF16":
        blocks[:, 1] &= 0xBF  # exponents below 128: no infinity, no NaN
    if name == "MXFP4":
        blocks[:, 0] = np.resize([0, 1, 2, 120, 127, 130, 250], count)
    return blocks


def main():
    rng = np.random.default_rng(20240607)
    lines = ["# Written by tools/make_quant_golden.py with the PyPI packages gguf "
             f"{importlib.metadata.version('gguf')} and numpy {np.__version__}.",
             "# dequantize TYPE BLOCKS F32S; quantize TYPE F32S BLOCKS; in hexadecimal"]
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        values, _ = gguf.GGML_QUANT_SIZES[kind]
        blocks = random_blocks(rng, name, {1: 64, 32: 7, 256: 3}[values])
        floats = gguf.quants.dequantize(blocks.reshape(1, -1), kind).astype(np.float32)
        lines.append(f"dequantize {name} {hexed(blocks)} {hexed(floats)}")
    for name in QUANTIZES:
        kind = gguf.GGMLQuantizationType[name]
        for scale in (0.0, 0.02, 1.0, 300.0):
            # + 0.0 makes −0 plain zero
            floats = (rng.normal(size=(1, 64)) * scale + 0.0).astype(np.float32)
            blocks = gguf.quants.quantize(floats, kind)
            lines.append(f"quantize {name} {hexed(floats)} {hexed(blocks)}")
    path = pathlib.Path(__file__).parent.parent / "tests/golden/quants.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    print(path, path.stat().st_size, "bytes")


main()
