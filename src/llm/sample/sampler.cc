#include "llm/sample/sampler.h"

#include <algorithm>
#include <limits>

#include "llm/sample/random.h"

namespace mill::llm {
namespace {

// −∞ where a token is not allowed. `into` may be where the logits are.
std::span<const float> masked(std::span<const float> logits, const TokenMask& allowed,
                              std::vector<float>& into) {
  if (logits.data() != into.data()) into.assign(logits.begin(), logits.end());
  for (size_t i = 0; i < into.size(); ++i)
    if (!allowed.has(static_cast<TokenId>(i))) into[i] = -std::numeric_limits<float>::infinity();
  return into;
}

}  // namespace

Sampler::Sampler(const SamplingOptions& options, std::span<const TokenId> prompt)
    : options_(options),
      penalises_(options.repetition_penalty != 1 || options.presence_penalty != 0 ||
                 options.frequency_penalty != 0) {
  if (options.repetition_penalty != 1)
    for (TokenId token : prompt) seen_[token].in_prompt = true;
}

Result<TokenId> Sampler::next(std::span<const float> logits, SampleScratch& scratch) {
  TRY_ASSIGN(const TokenId token, choose(logits, scratch));
  accept(token);
  return token;
}

Result<TokenId> Sampler::choose(std::span<const float> logits, SampleScratch& scratch,
                                const TokenMask* allowed) const {
  logits = adjusted(logits, scratch.logits);
  if (allowed != nullptr) logits = masked(logits, *allowed, scratch.logits);
  TRY_ASSIGN(const float largest, largest_logit(logits));
  return draw(logits, largest, scratch.candidates);
}

void Sampler::accept(TokenId token) {
  if (penalises_) ++seen_[token].times;
  ++drawn_;
}

// Bias and penalties. Each touches every token at most once, so the map's order does not matter.
std::span<const float> Sampler::adjusted(std::span<const float> logits,
                                         std::vector<float>& into) const {
  if (options_.logit_bias.empty() && seen_.empty()) return logits;
  into.assign(logits.begin(), logits.end());
  for (auto [token, bias] : options_.logit_bias) into[static_cast<size_t>(token)] += bias;
  const float repetition = options_.repetition_penalty;
  for (auto [token, seen] : seen_) {
    float& logit = into[static_cast<size_t>(token)];
    logit = logit > 0 ? logit / repetition : logit * repetition;
    if (seen.times == 0) continue;
    logit -=
        options_.presence_penalty + options_.frequency_penalty * static_cast<float>(seen.times);
  }
  return into;
}

TokenId Sampler::draw(std::span<const float> logits, float largest, Candidates& candidates) const {
  if (options_.temperature == 0)
    return static_cast<TokenId>(std::ranges::find(logits, largest) - logits.begin());
  candidates.start(logits, largest, options_.temperature, options_.top_k);
  candidates.keep_typical(options_.typical_p);
  candidates.keep_top_p(options_.top_p);
  candidates.keep_min_p(options_.min_p);
  return candidates.draw(random_bits(options_.seed, drawn_));
}

}  // namespace mill::llm
