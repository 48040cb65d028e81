// The formats with super-blocks of 256 values: parts of 16 or 32 have a scale of their own, itself
// quantized against one f16 for the whole. First every part is fitted alone, then the scales are
// rounded, then all codes are chosen anew for the scales as stored.

#include <algorithm>
#include <array>
#include <cmath>

#include "data/quantize_blocks.h"
#include "data/quantize_fit.h"
#include "data/scale16.h"

namespace mill {
namespace {

// --- x ≈ scale·code − min: Q2_K, Q4_K, Q5_K ------------------------------------------------------

template <size_t kParts>
struct AffineCodes {
  uint16_t scale = 0, min = 0;  // f16
  std::array<unsigned, kParts> scales{}, mins{};
  std::array<unsigned, kSuperBlock> codes{};
};

// How much an error of each value matters. Four- and five-bit parts weigh a value by its magnitude
// over a floor of the part's root mean square; the coarse two-bit ones by its magnitude alone.
void weigh(std::span<const float> x, bool floor, std::span<float> weights) {
  float squares = 0.0F;
  for (float value : x) squares += value * value;
  const float base = floor ? std::sqrt(squares / static_cast<float>(x.size())) : 0.0F;
  std::ranges::transform(x, weights.begin(), [=](float value) { return base + std::abs(value); });
}

unsigned code_of(float x, float inverse, unsigned code_max) {
  return static_cast<unsigned>(
      round_even(std::clamp(x * inverse, 0.0F, static_cast<float>(code_max))));
}

template <size_t kParts>
void round_scales(const std::array<Affine, kParts>& fits, unsigned max, AffineCodes<kParts>& out) {
  const float scale = std::ranges::max(fits, {}, &Affine::scale).scale / static_cast<float>(max);
  const float min = std::ranges::max(fits, {}, &Affine::min).min / static_cast<float>(max);
  out.scale = scale16(scale);
  out.min = scale16(min);
  for (size_t part = 0; part < kParts; ++part) {
    out.scales[part] = code_of(fits[part].scale, inverse_or_zero(scale), max);
    out.mins[part] = code_of(fits[part].min, inverse_or_zero(min), max);
  }
}

template <size_t kParts>
AffineCodes<kParts> fit_super_block(Weighed in, unsigned scale_max, AffineSearch search) {
  constexpr size_t kPart = kSuperBlock / kParts;
  const float* const x = in.x;
  std::array<Affine, kParts> fits;
  for (size_t part = 0; part < kParts; ++part) {
    const std::span<const float> values(x + part * kPart, kPart);
    std::array<float, kPart> guessed;
    std::span<const float> weights(guessed);
    if (in.importance != nullptr)
      weights = {in.importance + part * kPart, kPart};
    else
      weigh(values, search.code_max > 3, guessed);
    fits[part] = fit_affine(values, weights, search);
  }
  AffineCodes<kParts> out;
  round_scales(fits, scale_max, out);
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const float scale = f16_to_f32(out.scale) * static_cast<float>(out.scales[i / kPart]);
    const float min = f16_to_f32(out.min) * static_cast<float>(out.mins[i / kPart]);
    out.codes[i] = code_of(x[i] + min, inverse_or_zero(scale), search.code_max);
  }
  return out;
}

// --- x ≈ scale·level(code): Q3_K, Q6_K, IQ4_XS ---------------------------------------------------

template <size_t kParts>
struct SymmetricCodes {
  uint16_t scale = 0;                // f16
  std::array<int, kParts> scales{};  // scale_lowest … −scale_lowest − 1
  std::array<unsigned, kSuperBlock> codes{};
};

template <class Levels, size_t kParts>
SymmetricCodes<kParts> fit_super_block(Weighed in, float scale_lowest) {
  constexpr size_t kPart = kSuperBlock / kParts;
  const float* const x = in.x;
  std::array<float, kParts> fits;
  for (size_t part = 0; part < kParts; ++part) {
    std::array<float, kPart> squares;
    fits[part] = fit_scale<Levels>({x + part * kPart, kPart}, in.part(part * kPart, squares));
  }
  const float unit = extreme_of(fits) / scale_lowest;
  SymmetricCodes<kParts> out;
  out.scale = scale16(unit);
  for (size_t part = 0; part < kParts; ++part) {
    const float scaled = fits[part] * inverse_or_zero(unit);
    out.scales[part] =
        static_cast<int>(round_even(std::clamp(scaled, scale_lowest, -scale_lowest - 1)));
  }
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const float scale = f16_to_f32(out.scale) * static_cast<float>(out.scales[i / kPart]);
    out.codes[i] = Levels::code(x[i] * inverse_or_zero(scale));
  }
  return out;
}

// The inverse of scale_min() in blocks.h.
void put_scale_min(std::array<uint8_t, 12>& s, size_t j, ScaleMin pair) {
  const auto add = [&s](size_t byte, unsigned bits) {
    s[byte] = static_cast<uint8_t>(s[byte] | bits);
  };
  if (j < 4) {
    add(j, pair.scale);
    add(j + 4, pair.min);
  } else {
    add(j + 4, (pair.scale & 15U) | ((pair.min & 15U) << 4));
    add(j - 4, (pair.scale >> 4) << 6);
    add(j, (pair.min >> 4) << 6);
  }
}

}  // namespace

void encode(Weighed x, BlockQ2_K& out) {
  const auto fit = fit_super_block<16>(x, 15, {.code_max = 3, .first = -0.5F, .trials = 15});
  out.scale = fit.scale;
  out.min = fit.min;
  for (size_t part = 0; part < 16; ++part)
    out.scales[part] = static_cast<uint8_t>(fit.scales[part] | (fit.mins[part] << 4));
  for (size_t i = 0; i < kSuperBlock; ++i) BlockQ2_K::Codes::put(out.codes, i, fit.codes[i]);
}

void encode(Weighed x, BlockQ4_K& out) {
  const auto fit = fit_super_block<8>(x, 63, {.code_max = 15, .first = -1.0F, .trials = 20});
  out.scale = fit.scale;
  out.min = fit.min;
  for (size_t part = 0; part < 8; ++part)
    put_scale_min(out.scales, part, {fit.scales[part], fit.mins[part]});
  for (size_t i = 0; i < kSuperBlock; ++i) BlockQ4_K::Codes::put(out.codes, i, fit.codes[i]);
}

void encode(Weighed x, BlockQ5_K& out) {
  const auto fit = fit_super_block<8>(x, 63, {.code_max = 31, .first = -0.5F, .trials = 15});
  out.scale = fit.scale;
  out.min = fit.min;
  for (size_t part = 0; part < 8; ++part)
    put_scale_min(out.scales, part, {fit.scales[part], fit.mins[part]});
  for (size_t i = 0; i < kSuperBlock; ++i) {
    BlockQ5_K::Codes::put(out.codes, i, fit.codes[i]);
    BlockQ5_K::High::put(out.high, i, fit.codes[i] >> 4);
  }
}

void encode(Weighed x, BlockQ3_K& out) {
  const auto fit = fit_super_block<WholeLevels<8>, 16>(x, -32);
  const auto low = std::span(out.scales).first<8>();
  const auto high = std::span(out.scales).last<4>();
  out.scale = fit.scale;
  for (size_t part = 0; part < 16; ++part) {
    const auto packed = static_cast<unsigned>(fit.scales[part] + 32);
    BlockQ3_K::ScaleLow::put(low, part, packed);
    BlockQ3_K::ScaleHigh::put(high, part, packed >> 4);
  }
  for (size_t i = 0; i < kSuperBlock; ++i) {
    BlockQ3_K::Codes::put(out.codes, i, fit.codes[i]);
    BlockQ3_K::High::put(out.high, i, fit.codes[i] >> 2);
  }
}

void encode(Weighed x, BlockQ6_K& out) {
  const auto fit = fit_super_block<WholeLevels<64>, 16>(x, -128);
  out.scale = fit.scale;
  for (size_t part = 0; part < 16; ++part) out.scales[part] = static_cast<int8_t>(fit.scales[part]);
  for (size_t i = 0; i < kSuperBlock; ++i) {
    BlockQ6_K::Codes::put(out.codes, i, fit.codes[i]);
    BlockQ6_K::High::put(out.high, i, fit.codes[i] >> 4);
  }
}

void encode(Weighed x, BlockIQ4_XS& out) {
  const auto fit = fit_super_block<Iq4Levels, 8>(x, -32);
  out.scale = fit.scale;
  for (size_t part = 0; part < 8; ++part) {
    const auto packed = static_cast<unsigned>(fit.scales[part] + 32);
    BlockIQ4_XS::ScaleLow::put(out.scale_low, part, packed);
    BlockIQ4_XS::ScaleHigh::put(out.scale_high, part, packed >> 4);
  }
  for (size_t i = 0; i < kSuperBlock; ++i) BlockIQ4_XS::Codes::put(out.codes, i, fit.codes[i]);
}

}  // namespace mill
