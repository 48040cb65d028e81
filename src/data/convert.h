#pragma once
// One tensor's numbers from one storage format to another, on all cores.

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "data/tensor.h"

namespace mill {

// The row length must be a multiple of both formats' blocks. Numbers that are not finite, or that
// F16 cannot hold, are an error that names the tensor.
Result<std::vector<std::byte>> convert(const Tensor&, DType to, uint32_t threads);

// The same by quantize_weighed() (data/quants.h). `importance`: one number for each column; empty =
// as above.
Result<std::vector<std::byte>> convert(const Tensor&, DType to, std::span<const float> importance,
                                       uint32_t threads);

}  // namespace mill
