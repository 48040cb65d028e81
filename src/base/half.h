#pragma once
// The two 16-bit float formats, bit for bit, rounding to nearest with ties to even.
//   f16  (IEEE binary16): sign 1, exponent 5 (bias 15), mantissa 10
//   bf16 (bfloat16):      the upper half of an f32: sign 1, exponent 8, mantissa 7
// Scalar and portable; the kernels use the processor's own instructions, which agree with these.

#include <bit>
#include <cstdint>

namespace mill {

constexpr float f16_to_f32(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 31U;
  const uint32_t mantissa = half & 0x3FFU;
  if (exponent == 31)  // infinity or NaN, its payload kept
    return std::bit_cast<float>(sign | 0x7F800000U | (mantissa << 13));
  if (exponent == 0) {  // zero or subnormal: mantissa · 2^-24, exact in f32
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | ((exponent + 127 - 15) << 23) | (mantissa << 13));
}

constexpr uint16_t f32_to_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000U;
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  uint32_t half = 0;
  if (magnitude > 0x7F800000U) {  // NaN: made quiet, the upper payload kept
    half = 0x7E00U | ((magnitude >> 13) & 0x3FFU);
  } else if (magnitude >= 0x47800000U) {  // 65536 and more
    half = 0x7C00U;
  } else if (magnitude < 0x38800000U) {
    // Below 2^-14: adding 0.5, whose last place is 2^-24, leaves the rounding to the adder.
    half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - 0x3F000000U;
  } else {
    // A carry out of the mantissa moves into the exponent, up to infinity, as it should.
    const uint32_t odd = (magnitude >> 13) & 1U;
    half = (magnitude - (112U << 23) + 0xFFFU + odd) >> 13;
  }
  return static_cast<uint16_t>(sign | half);
}

constexpr float bf16_to_f32(uint16_t half) {
  return std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
}

constexpr uint16_t f32_to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U)  // NaN: rounding could turn it into infinity
    return static_cast<uint16_t>((bits >> 16) | 0x40U);
  return static_cast<uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

// As f32_to_bf16, but magnitudes under 2^−50 become 0: a product of two such numbers is a multiple
// of 2^−114, and so is every sum of products, so none is subnormal, and units that flush subnormal
// sums to zero (the tiles' TDPBF16PS) give what others do.
constexpr uint16_t bf16_without_small(uint16_t half) {
  constexpr uint16_t kSmallest = (127 - 50) << 7;
  return (half & 0x7FFFU) < kSmallest ? uint16_t{0} : half;
}

}  // namespace mill
