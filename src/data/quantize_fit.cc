#include "data/quantize_fit.h"

namespace mill {
namespace {

struct Codes {
  std::array<float, kBlock> at;  // at most 32 numbers share a scale
};

Codes round_codes(std::span<const float> x, float low, float inverse, float code_max) {
  Codes codes;
  for (size_t i = 0; i < x.size(); ++i)
    codes.at[i] = round_even(std::clamp((x[i] - low) * inverse, 0.0F, code_max));
  return codes;
}

// Least squares for fixed codes: the 2×2 normal equations, with the offset held at 0 or below.
Affine solve(std::span<const float> x, std::span<const float> weights, const Codes& codes) {
  float w = 0, wx = 0, wl = 0, wxl = 0, wll = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    w += weights[i];
    wx += weights[i] * x[i];
    wl += weights[i] * codes.at[i];
    wxl += weights[i] * x[i] * codes.at[i];
    wll += weights[i] * codes.at[i] * codes.at[i];
  }
  const float determinant = w * wll - wl * wl;
  if (determinant <= 0.0F) return {};
  const float offset = (wll * wx - wl * wxl) / determinant;
  if (offset > 0.0F) return {wll > 0.0F ? wxl / wll : 0.0F, 0.0F};
  return {(w * wxl - wx * wl) / determinant, -offset};
}

float error_of(std::span<const float> x, std::span<const float> weights, const Codes& codes,
               Affine fit) {
  float error = 0.0F;
  for (size_t i = 0; i < x.size(); ++i) {
    const float difference = fit.scale * codes.at[i] - fit.min - x[i];
    error += weights[i] * difference * difference;
  }
  return error;
}

}  // namespace

Affine fit_affine(std::span<const float> x, std::span<const float> weights,
                  const AffineSearch& search) {
  const float low = std::min(0.0F, std::ranges::min(x));
  const float range = std::ranges::max(x) - low;
  const float inverse_range = inverse_or_zero(range);
  const auto code_max = static_cast<float>(search.code_max);
  Affine best{range / code_max, -low};
  if (inverse_range == 0.0F) return {0.0F, -low};
  float best_error =
      error_of(x, weights, round_codes(x, low, code_max * inverse_range, code_max), best);
  for (int trial = 0; trial <= search.trials; ++trial) {
    const float steps = code_max + search.first + 0.1F * static_cast<float>(trial);
    const Codes codes = round_codes(x, low, steps * inverse_range, code_max);
    const Affine fit = solve(x, weights, codes);
    if (fit.scale <= 0.0F) continue;
    const float error = error_of(x, weights, codes, fit);
    if (error < best_error) {
      best_error = error;
      best = fit;
    }
  }
  return best;
}

}  // namespace mill
