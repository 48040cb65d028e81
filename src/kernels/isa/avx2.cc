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

#include <immintrin.h>

namespace mill::kernels {
namespace {

constexpr std::string_view kName = "avx2";
constexpr int kTileRows = 4;       // rows of a product that share a load of weights
constexpr int kProbeChains = 4;    // independent sums of a probe
constexpr int kAttentionTile = 6;  // query rows that share a load of keys

MILL_TARGET_BEGIN("avx2,fma,f16c")
#include "kernels/isa/avx2.inl"
//
#include "kernels/generic/parts.inl"
//
#include "kernels/generic/math.inl"
//
#include "kernels/generic/rows.inl"
//
#include "kernels/generic/formats.inl"
//
#include "kernels/isa/avx2_dots.inl"
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

const Ops& avx2_ops() { return kOps; }

}  // namespace mill::kernels
