#pragma once
// How the next token is chosen from logits.

#include <cstdint>
#include <map>

#include "base/error.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::llm {

// Applied in this order: bias, penalties, (greedy if temperature is 0, else) temperature, top-k,
// typical, top-p, min-p, draw. Each off by default, except temperature 1.
struct SamplingOptions {
  float temperature = 1.0F;  // 0 = greedy
  uint32_t top_k = 0;        // 0 = off
  float top_p = 1.0F;
  float min_p = 0.0F;
  float typical_p = 1.0F;
  float repetition_penalty = 1.0F;  // divides positive, multiplies negative logits of seen tokens
  float presence_penalty = 0.0F;
  float frequency_penalty = 0.0F;
  uint64_t seed = 0;  // same seed, same request, same tokens
  std::map<TokenId, float> logit_bias;

  Result<void> validate() const;  // names the field and its range
};

}  // namespace mill::llm
