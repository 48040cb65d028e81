#include "llm/sample/softmax.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/assert.h"

namespace mill::llm {

Result<float> largest_logit(std::span<const float> logits) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::array<float, 16> tops;  // by index modulo 16, which vectorises
  std::array<int, 16> broken{};
  tops.fill(-kInfinity);
  const auto look_at = [&](size_t lane, float logit) {
    broken[lane] |= !(logit < kInfinity);  // NaN, too
    tops[lane] = logit > tops[lane] ? logit : tops[lane];
  };
  const size_t whole = logits.size() / tops.size() * tops.size();
  for (size_t i = 0; i < whole; i += tops.size())
    for (size_t lane = 0; lane < tops.size(); ++lane) look_at(lane, logits[i + lane]);
  for (size_t i = whole; i < logits.size(); ++i) look_at(i - whole, logits[i]);
  const float largest = std::ranges::max(tops);
  if (std::ranges::max(broken) != 0)
    return fail(ErrorKind::invalid,
                "the model gave a logit that is no number; its weights may be damaged");
  if (largest == -kInfinity)
    return fail(ErrorKind::invalid, "the model gave no token any probability");
  return largest;
}

void softmax_weights(std::span<const float> logits, float largest, float temperature,
                     std::vector<Weight>& weights) {
  ASSERT(logits.size() <= kVocabMax && temperature > 0, logits.size(), temperature);
  // Adding 2⁵² leaves the rounded integer in the low bits of the sum, which vectorises.
  constexpr double kRound = 0x1p52;
  constexpr uint64_t kLowBits = (uint64_t{1} << 52) - 1;
  weights.resize(logits.size());
  const double top = largest, scale = 1.0 / temperature;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double weight = exp_negative((logits[i] - top) * scale) * kWeightOne;
    weights[i] = std::bit_cast<uint64_t>(weight + kRound) & kLowBits;
  }
}

double log_sum_exp(std::span<const float> logits, float largest) {
  std::array<double, 8> sums{};
  const double top = largest;
  const size_t whole = logits.size() / sums.size() * sums.size();
  for (size_t i = 0; i < whole; i += sums.size())
    for (size_t lane = 0; lane < sums.size(); ++lane)
      sums[lane] += exp_negative(logits[i + lane] - top);
  for (size_t i = whole; i < logits.size(); ++i) sums[i - whole] += exp_negative(logits[i] - top);
  double sum = 0;
  for (double partial : sums) sum += partial;
  return top + std::log(sum);
}

}  // namespace mill::llm
