#pragma once
// The fastest dot product of bfloat16 numbers that a table's processors may have.

#include "kernels/ops.h"

namespace mill::kernels {

// Runs it on registers so many times, and gives the number of operations done. Null where there is
// no such instruction.
using Probe = double (*)(size_t rounds);
Probe bf16_probe(const Ops&);

}  // namespace mill::kernels
