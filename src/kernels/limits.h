#pragma once
// How fast this machine can go at all, measured on the spot: what a bench's figures are a share of.

#include <cstddef>

#include "base/team.h"
#include "kernels/ops.h"

namespace mill::kernels {

// Reads a second by all lanes together out of a buffer of `bytes`: as large as what the case reads,
// so that a model that fits into the cache is measured against the cache. The best of plain reads
// and of software prefetching, several passes each.
double read_bytes_per_s(Team&, const Ops&, size_t bytes);

// Operations a second by all lanes together, in registers.
double int8_ops_per_s(Team&, const Ops&);
double f32_ops_per_s(Team&, const Ops&);

}  // namespace mill::kernels
