#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "base/assert.h"
#include "base/half.h"
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

constexpr std::string_view kName = "avx512";
constexpr int kTileRows = 8;        // rows of a product that share a load of weights
constexpr int kProbeChains = 12;    // independent sums of a probe
constexpr int kAttentionTile = 12;  // query rows that share a load of keys

MILL_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")
#include "kernels/isa/avx512.inl"
//
#include "kernels/generic/parts.inl"
//
#include "kernels/generic/math.inl"
//
#include "kernels/generic/rows.inl"
//
#include "kernels/generic/formats.inl"
//
#include "kernels/generic/dots.inl"
//
#include "kernels/generic/matmul.inl"
//
#include "kernels/generic/attention.inl"
//
#include "kernels/generic/probes.inl"
//
#include "kernels/generic/table.inl"
MILL_TARGET_END

}  // namespace

const Ops& avx512_ops() { return kOps; }

}  // namespace mill::kernels
