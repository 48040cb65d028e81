#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

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

constexpr int kPairRows = 8;  // rows of a product that share a load of weights
constexpr auto kPlainOps = avx512_ops;

MILL_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,avx2,fma,f16c")
#include "kernels/isa/avx512.inl"
//
#include "kernels/isa/avx512_bf16.inl"
//
#include "kernels/generic/parts.inl"
//
#include "kernels/generic/formats.inl"
//
#include "kernels/generic/bf16_pairs.inl"
MILL_TARGET_END

}  // namespace

const Ops& avx512_bf16_ops() {
  static const Ops ops = with_bf16_pairs("avx512_bf16");
  return ops;
}

}  // namespace mill::kernels
