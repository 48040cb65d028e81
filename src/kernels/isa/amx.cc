#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/assert.h"
#include "kernels/isa/isa.h"

#ifndef __clang__
// g++ 12 takes the "undefined" sources inside its own AVX-512 intrinsics for our mistake (PR
// 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

namespace mill::kernels {
namespace {

MILL_TARGET_BEGIN(
    "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c,amx-tile,amx-int8,amx-bf16")
#include "kernels/isa/avx512.inl"
//
#include "kernels/generic/parts.inl"
//
#include "kernels/generic/formats.inl"
//
#include "kernels/isa/amx.inl"
//
#include "kernels/isa/amx_bf16.inl"
//
#include "kernels/isa/amx_matmul.inl"
MILL_TARGET_END

}  // namespace

const Ops& amx_ops() {
  static const Ops ops = [] {
    Ops table = avx512_ops();
    table.name = "amx";
    table.matmul = matmul;
    table.int8_probe = tile_probe;
    return table;
  }();
  return ops;
}

}  // namespace mill::kernels
