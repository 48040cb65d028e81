#pragma once
// Exponentials of a whole vocabulary, the same bits on every machine.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"

namespace mill::llm {

// e^x for x ≤ 0, to within 1e-14 of itself; what lies below e^-700 (−∞ too) becomes e^-700. Only
// additions, multiplications and shifts, so that compilers turn the loop around it into vectors
// and no mathematical library has a say in the bits.
//   x = n·ln 2 + r with |r| ≤ ln 2 / 2;  e^x = 2ⁿ·e^r, and e^r by its Taylor series to r¹¹
//   (the rest is below r¹²/12! < 7e-15).
inline double exp_negative(double x) {
  constexpr double kRound = 0x1.8p52;  // x + kRound has the nearest integer of x in its low bits
  constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33;
  x = x < -700.0 ? -700.0 : x;
  const double shifted = x * 0x1.71547652b82fep+0 + kRound;
  const double n = shifted - kRound;
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1.0 / 39916800;
  sum = sum * r + 1.0 / 3628800;
  sum = sum * r + 1.0 / 362880;
  sum = sum * r + 1.0 / 40320;
  sum = sum * r + 1.0 / 5040;
  sum = sum * r + 1.0 / 720;
  sum = sum * r + 1.0 / 120;
  sum = sum * r + 1.0 / 24;
  sum = sum * r + 1.0 / 6;
  sum = sum * r + 1.0 / 2;
  sum = sum * r + 1.0;
  sum = sum * r + 1.0;
  return sum * std::bit_cast<double>((std::bit_cast<uint64_t>(shifted) + 1023) << 52);
}

// The largest of the logits; −∞ is allowed to stand for "never", but not everywhere. NaN and +∞
// are an error: they can only come from broken weights.
Result<float> largest_logit(std::span<const float> logits);

// Probabilities in integers: the likeliest token weighs 2⁴³ and the others in proportion, rounded.
// Integer sums have no order and no rounding, so everything that adds up masses is exact. A token
// below e^-30 (1e-13) of the likeliest weighs nothing and is never drawn. Up to 2²⁰ of them fit.
using Weight = uint64_t;
inline constexpr double kWeightOne = 0x1p43;
inline constexpr size_t kVocabMax = size_t{1} << 20;

void softmax_weights(std::span<const float> logits, float largest, float temperature,
                     std::vector<Weight>& weights);

// ln Σ e^logit; eight partial sums by index modulo 8, added in order: a fixed order.
double log_sum_exp(std::span<const float> logits, float largest);

}  // namespace mill::llm
