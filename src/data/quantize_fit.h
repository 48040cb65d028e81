#pragma once
// Choosing scales: given numbers x and the levels that a format can store, find the scale (and the
// offset) whose rounded codes give the least weighted squared error.
//
// Both searches are the same idea. For fixed codes l the error is quadratic in scale and offset, so
// its minimum is a small linear system; but the codes depend on the scale. So try a few scales
// around the one that spans the range, round, solve for these codes, and keep the best. The trial
// ranges and the weights are those of ggml-quants.c (make_qx_quants, make_qkx2_quants).

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

#include "data/blocks.h"

namespace mill {

// To the nearest whole number, ties to even, for |x| < 2^22: there the last place of x + 1.5·2^23
// is one, so the adder does the rounding.
inline float round_even(float x) {
  constexpr float kMagic = 0x1.8p23F;
  return (x + kMagic) - kMagic;
}

// 1/x, or 0 where x is too small to have a finite inverse.
inline float inverse_or_zero(float x) {
  return std::abs(x) < std::numeric_limits<float>::min() ? 0.0F : 1.0F / x;
}

// The entry with the largest magnitude, sign and all; the first of equals.
inline float extreme_of(std::span<const float> x) {
  float extreme = 0.0F;
  for (float value : x)
    if (std::abs(value) > std::abs(extreme)) extreme = value;
  return extreme;
}

// Levels −n … n−1, code = level + n.
template <int kCount>
struct WholeLevels {
  static constexpr float kLowest = -static_cast<float>(kCount / 2);
  static constexpr float kTrialStep = 0.1F;  // of the lowest level, between trials
  static constexpr int kTrials = 9;          // to either side
  static unsigned code(float x) {
    return static_cast<unsigned>(round_even(std::clamp(x, kLowest, -kLowest - 1)) - kLowest);
  }
  static float value(unsigned code) { return static_cast<float>(code) + kLowest; }
};

// The sixteen levels of IQ4_NL and IQ4_XS.
struct Iq4Levels {
  static constexpr float kLowest = -127;
  static constexpr float kTrialStep = 1.0F;
  static constexpr int kTrials = 7;
  static unsigned code(float x) {
    unsigned code = 0;  // = the number of midpoints between neighbours that x lies above
    for (size_t i = 0; i + 1 < kIq4Values.size(); ++i)
      code += 2 * x > static_cast<float>(kIq4Values[i] + kIq4Values[i + 1]) ? 1 : 0;
    return code;
  }
  static float value(unsigned code) { return kIq4Values[code]; }
};

// The scale s minimising Σ weight·(x − s·level)². 0 where all x are.
template <class Levels>
float fit_scale(std::span<const float> x, std::span<const float> weights) {
  const float inverse_extreme = inverse_or_zero(extreme_of(x));
  float best_scale = 0.0F, best_gain = 0.0F;
  for (int trial = -Levels::kTrials; trial <= Levels::kTrials; ++trial) {
    const float inverse =
        (Levels::kLowest + Levels::kTrialStep * static_cast<float>(trial)) * inverse_extreme;
    float sum_xl = 0.0F, sum_ll = 0.0F;
    for (size_t i = 0; i < x.size(); ++i) {
      const float level = Levels::value(Levels::code(x[i] * inverse));
      sum_xl += weights[i] * x[i] * level;
      sum_ll += weights[i] * level * level;
    }
    // With the best s = Σwxl/Σwll the error falls by (Σwxl)²/Σwll.
    if (sum_ll > 0.0F && sum_xl * sum_xl > best_gain * sum_ll) {
      best_scale = sum_xl / sum_ll;
      best_gain = sum_xl * best_scale;
    }
  }
  return best_scale;
}

// x ≈ scale·code − min with codes 0 … code_max and min ≥ 0.
struct Affine {
  float scale = 0.0F, min = 0.0F;
};

struct AffineSearch {
  unsigned code_max = 15;
  float first = -1.0F;  // the range is taken as code_max + first + 0.1·trial steps wide
  int trials = 20;
};

Affine fit_affine(std::span<const float> x, std::span<const float> weights, const AffineSearch&);

}  // namespace mill
