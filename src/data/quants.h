#pragma once
// Rows of numbers to and from every storage format; the slow and obvious side of the house, against
// which the kernels are tested.

#include <cstddef>
#include <span>

#include "data/dtype.h"

namespace mill {

// values.size() must be a multiple of the format's block; bytes has exactly their storage.
void dequantize(DType, std::span<const std::byte> bytes, std::span<float> values);

// Nearest value in the format, as the field's reference quantizers choose scales.
void quantize(DType, std::span<const float> values, std::span<std::byte> bytes);

}  // namespace mill
