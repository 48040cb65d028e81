#pragma once
// How far next-token distributions are from those of a reference: the mean Kullback-Leibler
// divergence, Σ p·(log p − log q), in nats a token.

#include <cstddef>
#include <span>
#include <vector>

#include "base/team.h"
#include "kernels/ops.h"

namespace mill::llm {

class Reference {
 public:
  Reference(const kernels::Ops& ops, size_t vocab) : ops_(&ops), vocab_(vocab) {}

  // logits: (rows, vocab), which become probabilities.
  void set(Team&, std::vector<float> logits);
  // logits of the same rows by another model; they are used up.
  double mean_divergence(Team&, std::span<float> logits) const;

 private:
  double row_divergence(size_t row, std::span<float> logits) const;

  const kernels::Ops* ops_;
  size_t vocab_;
  std::vector<float> probability_;       // (rows, vocab)
  std::vector<double> log_probability_;  // (rows): Σ p·log p
};

}  // namespace mill::llm
