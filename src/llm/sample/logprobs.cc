#include "llm/sample/logprobs.h"

#include <algorithm>

#include "llm/sample/softmax.h"

namespace mill::llm {
namespace {

// The `count` largest, by insertion into a short sorted list: most tokens fail the first
// comparison.
std::vector<TokenLogprob> largest(std::span<const float> logits, uint32_t count) {
  std::vector<TokenLogprob> best;
  for (size_t i = 0; i < logits.size() && count > 0; ++i) {
    if (best.size() == count && logits[i] <= best.back().logprob) continue;
    if (best.size() == count) best.pop_back();
    const auto better = [&](const TokenLogprob& it) { return it.logprob >= logits[i]; };
    const auto place = std::ranges::partition_point(best, better);
    best.insert(place, {static_cast<TokenId>(i), logits[i]});
  }
  return best;
}

}  // namespace

Logprobs logprobs_of(std::span<const float> logits, TokenId chosen, uint32_t alternatives) {
  const double log_sum = log_sum_exp(logits, *std::ranges::max_element(logits));
  const auto logprob = [&](float logit) { return static_cast<float>(logit - log_sum); };
  Logprobs result{.chosen = {chosen, logprob(logits[static_cast<size_t>(chosen)])},
                  .alternatives = largest(logits, alternatives)};
  for (TokenLogprob& it : result.alternatives) it.logprob = logprob(it.logprob);
  return result;
}

}  // namespace mill::llm
