#pragma once
// One table for each instruction set. Each is compiled in a region with its target switched on,
// inside an anonymous namespace: flags for a whole file would leak wide instructions into the
// inline functions of the standard library, which the linker then shares with every other file.

#include "kernels/ops.h"

#ifdef __clang__
#define MILL_TARGET_BEGIN(features) \
  MILL_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define MILL_TARGET_END MILL_PRAGMA(clang attribute pop)
#else
#define MILL_TARGET_BEGIN(features) MILL_PRAGMA(GCC push_options) MILL_PRAGMA(GCC target(features))
#define MILL_TARGET_END MILL_PRAGMA(GCC pop_options)
#endif
#define MILL_PRAGMA(text) _Pragma(#text)

namespace mill::kernels {

// How many bytes ahead of the sums weights are asked for, in a product of so many rows; 0 = the
// processor does that well enough.
size_t weights_ahead(size_t rows);

const Ops& scalar_ops();
const Ops& scalar_pairs_ops();
const Ops& avx2_ops();
const Ops& avx512_ops();
const Ops& avx512_bf16_ops();  // AVX-512, with its dot product of pairs for BF16 weights
const Ops& amx_ops();          // AVX-512, with AMX tiles for the integer products of many rows

}  // namespace mill::kernels
