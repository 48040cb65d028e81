#pragma once
// A scale as f16, kept finite: an infinite scale would turn zeros into NaN.

#include <algorithm>

#include "base/half.h"

namespace mill {

inline uint16_t scale16(float scale) { return f32_to_f16(std::clamp(scale, -65504.0F, 65504.0F)); }

}  // namespace mill
