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

// The same for rows whose columns matter differently: the scales are searched for the least
// Σ importance·error². `importance`: one number ≥ 0 for each column, mean squares of what the
// column is multiplied with, say; values are whole rows. For quantised formats that have no scales
// to be searched, as quantize().
void quantize_weighed(DType, std::span<const float> values, std::span<const float> importance,
                      std::span<std::byte> bytes);

}  // namespace mill
