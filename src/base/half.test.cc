#include "base/half.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace mill {

TEST_CASE("every f16 and bf16 survives the way through f32") {
  for (uint32_t i = 0; i < 65536; ++i) {
    const auto half = static_cast<uint16_t>(i);
    const bool nan16 = (half & 0x7C00U) == 0x7C00U && (half & 0x3FFU) != 0;
    const bool nanb = (half & 0x7F80U) == 0x7F80U && (half & 0x7FU) != 0;
    if (f32_to_f16(f16_to_f32(half)) != (nan16 ? half | 0x200U : half)) FAIL_CHECK("f16 ", i);
    if (f32_to_bf16(bf16_to_f32(half)) != (nanb ? half | 0x40U : half)) FAIL_CHECK("bf16 ", i);
  }
}

TEST_CASE("f32 to f16 rounds to nearest, ties to even") {
  // Between two neighbours: just under the midpoint goes down, over it up, on it to the even one.
  for (uint32_t i = 0; i < 0x7BFF; ++i) {
    const float low = f16_to_f32(static_cast<uint16_t>(i));
    const float high = f16_to_f32(static_cast<uint16_t>(i + 1));
    const float middle = low + (high - low) / 2;
    const uint32_t even = i % 2 == 0 ? i : i + 1;
    if (f32_to_f16(std::nextafter(middle, 0.0F)) != i) FAIL_CHECK("below ", i);
    if (f32_to_f16(std::nextafter(middle, high)) != i + 1) FAIL_CHECK("above ", i);
    if (f32_to_f16(middle) != even) FAIL_CHECK("tie ", i);
  }
}

TEST_CASE("the edges of f16") {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(f32_to_f16(65504.0F) == 0x7BFF);
  CHECK(f32_to_f16(65519.99F) == 0x7BFF);
  CHECK(f32_to_f16(65520.0F) == 0x7C00);
  CHECK(f32_to_f16(1e30F) == 0x7C00);
  CHECK(f32_to_f16(-infinity) == 0xFC00);
  CHECK(f32_to_f16(-0.0F) == 0x8000);
  CHECK(f32_to_f16(0x1p-25F) == 0);  // a tie with zero, which is even
  CHECK(f32_to_f16(0x1.8p-25F) == 1);
  CHECK(std::isnan(f16_to_f32(f32_to_f16(std::nanf("")))));
}

TEST_CASE("f32 to bf16 rounds to nearest, ties to even") {
  CHECK(f32_to_bf16(1.0F) == 0x3F80);
  CHECK(f32_to_bf16(std::bit_cast<float>(0x3F808000U)) == 0x3F80);
  CHECK(f32_to_bf16(std::bit_cast<float>(0x3F818000U)) == 0x3F82);
  CHECK(f32_to_bf16(std::bit_cast<float>(0x3F808001U)) == 0x3F81);
  CHECK(f32_to_bf16(std::numeric_limits<float>::max()) == 0x7F80);
  CHECK(std::isnan(bf16_to_f32(f32_to_bf16(std::bit_cast<float>(0x7F800001U)))));
}

}  // namespace mill
