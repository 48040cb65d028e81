#pragma once
// How fast this machine can go at all, measured on the spot: what a bench's figures are a share of.

#include <cstddef>

#include "base/team.h"
#include "kernels/ops.h"

namespace mill::kernels {

// By all lanes of a team together, a second. Bytes come out of a buffer as large as what the case
// reads, so that a model that fits into the cache is measured against the cache; operations (a
// multiplication or an addition each) happen in registers.
struct MachineLimits {
  double read_plain = 0;  // leaving it to the processor what to fetch ahead
  double read_best = 0;   // the best of that and of software prefetches at several distances
  double int8 = 0;        // dot products, with the instructions of the given ops
  double bf16 = 0;        // dot products; where those ops' processors have none, as f32
  double f32 = 0;         // fused multiply-adds
};
MachineLimits measure_machine(Team&, const Ops&, size_t buffer_bytes);

// read_best alone, quickly: a memory that is shared with others gives less at times.
double measure_reads_now(Team&, const Ops&, size_t buffer_bytes);

}  // namespace mill::kernels
