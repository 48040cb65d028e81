#pragma once
// f32 to one block of each format. Values are finite.

#include "data/blocks.h"

namespace mill {

void encode(const float* x, BlockQ4_0& out);
void encode(const float* x, BlockQ4_1& out);
void encode(const float* x, BlockQ5_0& out);
void encode(const float* x, BlockQ5_1& out);
void encode(const float* x, BlockQ8_0& out);
void encode(const float* x, BlockIQ4_NL& out);
void encode(const float* x, BlockMXFP4& out);
void encode(const float* x, BlockQ2_K& out);
void encode(const float* x, BlockQ3_K& out);
void encode(const float* x, BlockQ4_K& out);
void encode(const float* x, BlockQ5_K& out);
void encode(const float* x, BlockQ6_K& out);
void encode(const float* x, BlockIQ4_XS& out);

}  // namespace mill
