#pragma once
// How the next token is chosen from logits.

#include <cstdint>
#include <map>

#include "base/error.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::llm {

// Applied in this order: bias, penalties, (greedy if temperature is 0, else) temperature, top-k,
// typical, top-p, min-p, draw. Each off by default, except temperature 1. Every filter looks at the
// probabilities that the one before it left, made to sum to 1 again; ties go to the lowest id.
//
// Seen tokens: the repetition penalty counts those of the prompt and of the answer, presence and
// frequency those of the answer alone.
struct SamplingOptions {
  float temperature = 1.0F;         // 0 = greedy; to 100
  uint32_t top_k = 0;               // keeps so many of the likeliest; 0 = off
  float top_p = 1.0F;               // keeps the fewest likeliest that reach this mass
  float min_p = 0.0F;               // keeps what has at least this share of the likeliest's mass
  float typical_p = 1.0F;           // keeps the mass whose surprise is nearest to the mean surprise
  float repetition_penalty = 1.0F;  // divides positive, multiplies negative logits of seen tokens
  float presence_penalty = 0.0F;    // subtracted from the logit of a seen token, −2 … 2
  float frequency_penalty = 0.0F;   // subtracted for each time that it was seen, −2 … 2
  uint64_t seed = 0;                // same seed, same request, same tokens
  std::map<TokenId, float> logit_bias = {};  // added to the logit, −100 … 100

  Result<void> validate() const;  // names the field and its range
};

}  // namespace mill::llm
