#pragma once
// One request's sampler: from a row of logits to the next token.

#include <span>
#include <unordered_map>
#include <vector>

#include "llm/constrain/token_mask.h"
#include "llm/sample/candidates.h"
#include "llm/sample/sampling.h"

namespace mill::llm {

// Working memory, shared by all samplers of a thread.
struct SampleScratch {
  std::vector<float> logits;
  Candidates candidates;
};

class Sampler {
 public:
  Sampler(const SamplingOptions&, std::span<const TokenId> prompt);

  // The n-th call draws the answer's n-th token; what it draws depends on the options, the prompt,
  // the logits and n alone. An error where the logits are no numbers or allow nothing.
  Result<TokenId> next(std::span<const float> logits, SampleScratch&);

  // The same in two halves: choose() draws, among the allowed tokens if those are given, and
  // accept() says that this is the token.
  Result<TokenId> choose(std::span<const float> logits, SampleScratch&,
                         const TokenMask* allowed = nullptr) const;
  void accept(TokenId);

 private:
  struct Seen {
    bool in_prompt = false;
    uint32_t times = 0;  // in the answer
  };

  std::span<const float> adjusted(std::span<const float> logits, std::vector<float>& into) const;
  TokenId draw(std::span<const float> logits, float largest, Candidates&) const;

  SamplingOptions options_;
  bool penalises_;
  std::unordered_map<TokenId, Seen> seen_;  // kept only where a penalty looks at it
  uint64_t drawn_ = 0;
};

}  // namespace mill::llm
