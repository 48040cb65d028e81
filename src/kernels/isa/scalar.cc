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

namespace mill::kernels {
namespace {

constexpr std::string_view kName = "scalar";
constexpr int kTileRows = 1;     // rows of a product that share a load of weights
constexpr int kProbeChains = 4;  // independent sums of a probe
constexpr int kPairRows = 1;     // the same, of a BF16 product in pairs
constexpr auto kPlainOps = scalar_ops;
constexpr int kAttentionTile = 1;  // query rows that share a load of keys

#include "kernels/isa/scalar.inl"
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
#include "kernels/generic/bf16_pairs.inl"
//
#include "kernels/generic/attention.inl"
//
#include "kernels/generic/probes.inl"
//
#include "kernels/generic/table.inl"

}  // namespace

const Ops& scalar_ops() { return kOps; }

const Ops& scalar_pairs_ops() {
  static const Ops ops = with_bf16_pairs("scalar_bf16");
  return ops;
}

}  // namespace mill::kernels
