#pragma once
// Rows of numbers to and from every storage format; the slow and obvious side of the house, against
// which the kernels are tested.

#include <cstddef>
#include <span>

#include "data/dtype.h"

namespace mill {

// values.size() must be a multiple of the format's block; bytes has exactly their storage.
void dequantize(DType, std::span<const std::byte> bytes, std::span<float> values);

// Scales and codes near the least squared error (data/quantize_fit.h). Values are finite, except
// for F32, F16 and BF16, which have infinities and NaN of their own.
void quantize(DType, std::span<const float> values, std::span<std::byte> bytes);

}  // namespace mill
