#include "llm/tune/divergence.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace mill::llm {
namespace {

constexpr size_t kChains = 16;  // sums side by side, so that they fill vectors

// Σ p·(x − top)
double centred_mean(std::span<const float> p, std::span<const float> x, float top) {
  std::array<float, kChains> sums{};
  size_t i = 0;
  for (; i + kChains <= p.size(); i += kChains)
    for (size_t j = 0; j < kChains; ++j) sums[j] += p[i + j] * (x[i + j] - top);
  double sum = std::accumulate(sums.begin(), sums.end(), 0.0);
  for (; i < p.size(); ++i) sum += static_cast<double>(p[i] * (x[i] - top));
  return sum;
}

}  // namespace

// With x the logits: Σ p·log q = Σ p·(x − x_top) + log q_top, as log q = x − x_top + log q_top.
double Reference::row_divergence(size_t row, std::span<float> logits) const {
  const auto p = std::span(probability_).subspan(row * vocab_, vocab_);
  const auto top = std::ranges::max_element(logits);
  const double mean = centred_mean(p, logits, *top);
  ops_->softmax(logits.data(), logits.size());
  return log_probability_[row] - mean - std::log(static_cast<double>(*top));
}

void Reference::set(Team& team, std::vector<float> logits) {
  const size_t rows = logits.size() / vocab_;
  probability_ = std::move(logits);
  log_probability_.assign(rows, 0.0);
  team.run([&](Lane& lane) {
    const Share share = lane.split(rows);
    for (size_t row = share.begin; row < share.end; ++row) {
      const auto p = std::span(probability_).subspan(row * vocab_, vocab_);
      std::vector<float> x(p.begin(), p.end());
      ops_->softmax(p.data(), p.size());
      // Its divergence from itself is nothing.
      log_probability_[row] = -row_divergence(row, x);
    }
  });
}

double Reference::mean_divergence(Team& team, std::span<float> logits) const {
  const size_t rows = log_probability_.size();
  std::vector<double> divergence(rows);
  team.run([&](Lane& lane) {
    const Share share = lane.split(rows);
    for (size_t row = share.begin; row < share.end; ++row)
      divergence[row] = row_divergence(row, logits.subspan(row * vocab_, vocab_));
  });
  return std::accumulate(divergence.begin(), divergence.end(), 0.0) / static_cast<double>(rows);
}

}  // namespace mill::llm
