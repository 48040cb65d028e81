// The formats with one scale for 32 values. Q4_0 to Q8_0 and MXFP4 give the bytes that ggml's
// reference quantizers give (quantize_row_*_ref).

#include <algorithm>
#include <array>
#include <cmath>

#include "data/quantize_blocks.h"
#include "data/quantize_fit.h"
#include "data/scale16.h"

namespace mill {
namespace {

std::span<const float> block_of(const float* x) { return {x, kBlock}; }

// Numbers near float's largest have a range without an inverse, and infinity times zero is none:
// max() in this order makes that 0.
float bounded(float x, float code_max) { return std::min(std::max(0.0F, x), code_max); }

// Adding a half and cutting off rounds to nearest; `x` is scaled already.
unsigned cut(float x, float code_max) { return static_cast<unsigned>(bounded(x, code_max)); }

template <class Block>
void put5(Block& out, size_t i, unsigned code) {
  Block::Codes::put(out.codes, i, code);
  Block::High::put(out.high, i, code >> 4);
}

struct SymmetricFit {
  uint16_t scale = 0;  // f16
  std::array<unsigned, kBlock> codes{};
};

template <class Levels>
SymmetricFit fit_block(Weighed in) {
  SymmetricFit fit;
  std::array<float, kBlock> squares;
  fit.scale = scale16(fit_scale<Levels>(block_of(in.x), in.part(0, squares)));
  const float inverse = inverse_or_zero(f16_to_f32(fit.scale));
  for (size_t i = 0; i < kBlock; ++i) fit.codes[i] = Levels::code(in.x[i] * inverse);
  return fit;
}

struct AffineFit {
  uint16_t scale = 0, min = 0;  // f16; x ≈ scale·code + min
  std::array<unsigned, kBlock> codes{};
};

AffineFit fit_block(Weighed in, const AffineSearch& search) {
  std::array<float, kBlock> squares;
  const Affine affine = fit_affine(block_of(in.x), in.part(0, squares), search);
  AffineFit fit{scale16(affine.scale), scale16(-affine.min), {}};
  const float inverse = inverse_or_zero(f16_to_f32(fit.scale)), min = f16_to_f32(fit.min);
  const auto code_max = static_cast<float>(search.code_max);
  for (size_t i = 0; i < kBlock; ++i)
    fit.codes[i] = static_cast<unsigned>(round_even(bounded((in.x[i] - min) * inverse, code_max)));
  return fit;
}

}  // namespace

// The extreme value, whatever its sign, takes the lowest code, which reaches one step further.
void encode(const float* x, BlockQ4_0& out) {
  const float scale = extreme_of(block_of(x)) / -8;
  const float inverse = inverse_or_zero(scale);
  out.scale = scale16(scale);
  for (size_t i = 0; i < kBlock; ++i)
    BlockQ4_0::Codes::put(out.codes, i, cut(x[i] * inverse + 8.5F, 15));
}

void encode(const float* x, BlockQ4_1& out) {
  const auto [low, high] = std::ranges::minmax(block_of(x));
  const float scale = (high - low) / 15;
  const float inverse = inverse_or_zero(scale);
  out.scale = scale16(scale);
  out.min = scale16(low);
  for (size_t i = 0; i < kBlock; ++i)
    BlockQ4_1::Codes::put(out.codes, i, cut((x[i] - low) * inverse + 0.5F, 15));
}

void encode(const float* x, BlockQ5_0& out) {
  const float scale = extreme_of(block_of(x)) / -16;
  const float inverse = inverse_or_zero(scale);
  out.scale = scale16(scale);
  for (size_t i = 0; i < kBlock; ++i) put5(out, i, cut(x[i] * inverse + 16.5F, 31));
}

void encode(const float* x, BlockQ5_1& out) {
  const auto [low, high] = std::ranges::minmax(block_of(x));
  const float scale = (high - low) / 31;
  const float inverse = inverse_or_zero(scale);
  out.scale = scale16(scale);
  out.min = scale16(low);
  for (size_t i = 0; i < kBlock; ++i) put5(out, i, cut((x[i] - low) * inverse + 0.5F, 31));
}

void encode(const float* x, BlockQ8_0& out) {
  const float scale = std::abs(extreme_of(block_of(x))) / 127;
  const float inverse = inverse_or_zero(scale);
  out.scale = scale16(scale);
  for (size_t i = 0; i < kBlock; ++i)
    out.codes[i] = static_cast<int8_t>(std::round(std::clamp(x[i] * inverse, -127.0F, 127.0F)));
}

void encode(Weighed in, BlockIQ4_NL& out) {
  const SymmetricFit fit = fit_block<Iq4Levels>(in);
  out.scale = fit.scale;
  for (size_t i = 0; i < kBlock; ++i) BlockIQ4_NL::Codes::put(out.codes, i, fit.codes[i]);
}

void encode_searched(Weighed in, BlockQ4_0& out) {
  const SymmetricFit fit = fit_block<WholeLevels<16>>(in);
  out.scale = fit.scale;
  for (size_t i = 0; i < kBlock; ++i) BlockQ4_0::Codes::put(out.codes, i, fit.codes[i]);
}

void encode_searched(Weighed in, BlockQ5_0& out) {
  const SymmetricFit fit = fit_block<WholeLevels<32>>(in);
  out.scale = fit.scale;
  for (size_t i = 0; i < kBlock; ++i) put5(out, i, fit.codes[i]);
}

void encode_searched(Weighed in, BlockQ4_1& out) {
  const AffineFit fit = fit_block(in, {.code_max = 15, .first = -1.0F, .trials = 20});
  out.scale = fit.scale;
  out.min = fit.min;
  for (size_t i = 0; i < kBlock; ++i) BlockQ4_1::Codes::put(out.codes, i, fit.codes[i]);
}

void encode_searched(Weighed in, BlockQ5_1& out) {
  const AffineFit fit = fit_block(in, {.code_max = 31, .first = -0.5F, .trials = 15});
  out.scale = fit.scale;
  out.min = fit.min;
  for (size_t i = 0; i < kBlock; ++i) put5(out, i, fit.codes[i]);
}

// OCP Microscaling 1.0, section 6.3: the shared exponent is floor(log2(largest)) less the exponent
// of the largest E2M1 number (2, as 6 = 1.5·2²); what lies above it saturates.
void encode(const float* x, BlockMXFP4& out) {
  const float largest = std::abs(extreme_of(block_of(x)));
  if (largest > 0.0F)
    out.exponent = static_cast<uint8_t>(std::clamp(std::ilogb(largest) - 2 + 127, 0, 254));
  const float step = e8m0_half(out.exponent);
  for (size_t i = 0; i < kBlock; ++i) {
    const auto distance = [&](unsigned code) {
      return std::abs(step * static_cast<float>(kE2M1Doubled[code]) - x[i]);
    };
    unsigned best = 0;
    for (unsigned code = 1; code < kE2M1Doubled.size(); ++code)
      if (distance(code) < distance(best)) best = code;
    BlockMXFP4::Codes::put(out.codes, i, best);
  }
}

}  // namespace mill
