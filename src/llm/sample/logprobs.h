#pragma once
// How likely the model found a token: the log-softmax of the logits as the model gave them, before
// bias, penalties, temperature and filters, as OpenAI's API reports it.

#include <span>
#include <vector>

#include "data/tokenizer/tokenizer.h"

namespace mill::llm {

struct TokenLogprob {
  TokenId token = -1;
  float logprob = 0.0F;  // −∞ where the model rules the token out
};

struct Logprobs {
  TokenLogprob chosen;
  std::vector<TokenLogprob> alternatives;  // the likeliest, best first; ties: lowest id first
};

// The logits must have a largest one (largest_logit in softmax.h).
Logprobs logprobs_of(std::span<const float> logits, TokenId chosen, uint32_t alternatives);

}  // namespace mill::llm
