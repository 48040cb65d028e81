#!/usr/bin/env python3
"""Takes the grid out of a quantised model, so that it can stand in for its float original.

  tokenmill quantize MODEL.Q4_1.gguf floats.gguf --type F32
  python3 tools/ungrid_model.py MODEL.Q4_1.gguf floats.gguf
  tokenmill quantize floats.gguf source.gguf --type BF16

Registries carry small models in four bits alone. Every number of such a file lies on the steps of
its block, so a format with the same steps stores it without loss, and comparisons of formats would
say nothing. A number may have been anything within half a step of where it lies: it is moved by an
evenly distributed share of that, seeded. What comes out is about as far from the true original as
the file was, and a float model like any other. Needs numpy and gguf; changes floats.gguf in place.
"""

import sys

import gguf
import numpy

SEED = 20261126


def steps(tensor):
    """(blocks,) the distance of neighbouring codes, and how many values a block has."""
    names = gguf.GGMLQuantizationType
    if tensor.tensor_type in (names.Q4_0, names.Q4_1, names.Q8_0):
        size, nbytes = gguf.GGML_QUANT_SIZES[tensor.tensor_type]
        blocks = tensor.data.reshape(-1, nbytes)
        return numpy.abs(blocks[:, :2].copy().view(numpy.float16).astype(numpy.float32)), size
    if tensor.tensor_type in (names.F32, names.F16, names.BF16):
        return None, 1
    sys.exit(f"{tensor.name}: the steps of {tensor.tensor_type.name} are not known here")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    quantised = {tensor.name: tensor for tensor in gguf.GGUFReader(sys.argv[1]).tensors}
    random = numpy.random.default_rng(SEED)
    for tensor in sorted(gguf.GGUFReader(sys.argv[2], "r+").tensors, key=lambda t: t.name):
        step, size = steps(quantised[tensor.name])
        if step is None:
            continue
        if tensor.tensor_type != gguf.GGMLQuantizationType.F32:
            sys.exit(f"{tensor.name}: is {tensor.tensor_type.name} in {sys.argv[2]}, not F32")
        values = tensor.data.reshape(-1, size)
        values += step * random.uniform(-0.5, 0.5, values.shape).astype(numpy.float32)


if __name__ == "__main__":
    main()
