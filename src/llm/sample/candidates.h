#pragma once
// The tokens that may still be drawn, and the filters that thin them out. Candidates stay in the
// order of their ids; a filter finds the last one that it keeps by selection (linear time), never
// by sorting them all.

#include <vector>

#include "llm/sample/sampling.h"
#include "llm/sample/softmax.h"

namespace mill::llm {

struct Candidate {
  float rank = 0;  // the higher the better; the logit, mostly
  TokenId token = -1;
  Weight weight = 0;

  // Better first; of equals, the lowest id.
  bool before(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : token < other.token;
  }
};

class Candidates {
 public:
  // All tokens that weigh anything; the best top_k of them, unless that is 0.
  void start(std::span<const float> logits, float largest, float temperature, uint32_t top_k);

  void keep_typical(double mass);
  void keep_top_p(double mass);
  void keep_min_p(double share);

  TokenId draw(uint64_t random) const;  // in proportion to the weights

  const std::vector<Candidate>& list() const { return list_; }
  Weight total() const;

 private:
  void keep_top_k(uint32_t k);

  std::vector<Candidate> list_;  // ascending ids
  std::vector<Candidate> scratch_;
  std::vector<float> logits_;  // of the list, while it is made
  std::vector<Weight> weights_;
};

}  // namespace mill::llm
