#include "llm/speculate/prompt_lookup.h"

#include <algorithm>
#include <utility>

#include "llm/sample/random.h"

namespace mill::llm {
namespace {

constexpr uint32_t kPlaces = 16;    // that are compared
constexpr uint32_t kCompared = 32;  // tokens of each; all that agree on these are equally good

uint64_t hash_of_end(std::span<const TokenId> text) {
  uint64_t hash = 0;
  for (const TokenId token : text.last(PromptLookup::kGram))
    hash = splitmix(hash + static_cast<uint64_t>(token) + 1);
  return hash;
}

// How many tokens the ends of two texts have in common.
uint32_t common_end(std::span<const TokenId> a, std::span<const TokenId> b) {
  const size_t most = std::min({a.size(), b.size(), size_t{kCompared}});
  uint32_t n = 0;
  while (n < most && a[a.size() - 1 - n] == b[b.size() - 1 - n]) ++n;
  return n;
}

}  // namespace

std::vector<TokenId> PromptLookup::guess(std::span<const TokenId> text, uint32_t count) {
  std::vector<TokenId> tokens;
  if (count == 0 || text.size() <= kGram) return tokens;
  read(text.first(text.size() - 1));  // the end itself is no earlier place
  const uint32_t match = best_match(text);
  if (match == kNone) return tokens;
  for (uint32_t i = 0; i < count; ++i) {
    const size_t at = size_t{match} + 1 + i;
    tokens.push_back(at < text.size() ? text[at] : tokens[at - text.size()]);
  }
  return tokens;
}

void PromptLookup::read(std::span<const TokenId> text) {
  for (auto i = static_cast<uint32_t>(earlier_.size()); i < text.size(); ++i) {
    earlier_.push_back(kNone);
    if (i + 1 < kGram) continue;
    const auto [entry, fresh] = latest_.try_emplace(hash_of_end(text.first(i + 1)), i);
    if (!fresh) earlier_[i] = std::exchange(entry->second, i);
  }
}

// Where it ends, or kNone.
uint32_t PromptLookup::best_match(std::span<const TokenId> text) const {
  const auto found = latest_.find(hash_of_end(text));
  uint32_t at = found == latest_.end() ? kNone : found->second;
  uint32_t best = kNone, longest = kGram - 1;
  for (uint32_t n = 0; n < kPlaces && at != kNone; ++n, at = earlier_[at]) {
    const uint32_t length = common_end(text.first(at + 1), text);
    if (length > longest) best = at;
    longest = std::max(longest, length);
  }
  return best;
}

}  // namespace mill::llm
