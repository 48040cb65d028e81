#include "llm/constrain/constraint.h"

#include <algorithm>

namespace mill::llm {

Constraint::Constraint(std::shared_ptr<MaskCache> cache)
    : cache_(std::move(cache)), state_(cache_->matcher().start()), epoch_(cache_->epoch()) {}

// Reads the text once more, after another answer has filled the memory.
void Constraint::find_again() {
  if (epoch_ == cache_->epoch()) return;
  epoch_ = cache_->epoch();
  state_ = cache_->matcher().start();
  for (const char byte : text_) state_ = cache_->matcher().step(state_, static_cast<uint8_t>(byte));
  cache_->settle();
}

const TokenMask& Constraint::mask() {
  cache_->make_room();
  find_again();
  return cache_->mask(state_);
}

const TokenMask& Constraint::mask_to_finish(uint32_t left) {
  cache_->make_room();
  find_again();
  finishing_ = cache_->mask_within(state_, left - 1);
  if (finishing_.count() > 0) return finishing_;
  return cache_->mask(state_);
}

bool Constraint::can_finish_after(TokenId token, uint32_t left) {
  find_again();
  const auto& ends = cache_->trie().ends();
  if (std::ranges::find(ends, token) != ends.end()) return true;
  return cache_->matcher().distance(cache_->advance(state_, token)) <= left - 1;
}

bool Constraint::allows(TokenId token) {
  cache_->make_room();
  find_again();
  if (cache_->trie().piece(token).empty()) return cache_->matcher().accepts(state_);
  return cache_->advance(state_, token) != grammar::kDead;
}

Result<void> Constraint::advance(TokenId token) {
  find_again();
  if (cache_->trie().piece(token).empty()) return {};
  const grammar::StateId next = cache_->advance(state_, token);
  if (next == grammar::kDead && cache_->matcher().overflowed())
    return std::unexpected(grammar::too_ambiguous());
  if (next == grammar::kDead)
    return fail(ErrorKind::invalid, "the grammar does not allow the token {} here", token);
  state_ = next;
  text_ += cache_->trie().piece(token);
  return {};
}

Error Constraint::why_nothing() const {
  if (cache_->matcher().overflowed()) return grammar::too_ambiguous();
  return {ErrorKind::unsupported,
          "the grammar's next characters cannot be spelled with this model's tokens"};
}

bool Constraint::may_end() {
  find_again();
  return cache_->matcher().accepts(state_);
}

bool Constraint::must_end() {
  find_again();
  return cache_->matcher().ends_here(state_);
}

uint32_t Constraint::bytes_to_end() {
  find_again();
  return cache_->matcher().distance(state_);
}

Constraint Constraints::start(const grammar::GrammarPtr& grammar) {
  auto at = std::ranges::find(caches_, grammar, [](const auto& it) { return it.first; });
  if (at == caches_.end()) {
    make_room();
    caches_.emplace_back(grammar, std::make_shared<MaskCache>(grammar, trie_));
  } else {
    std::rotate(at, at + 1, caches_.end());
  }
  return Constraint(caches_.back().second);
}

void Constraints::make_room() {
  size_t bytes = 0;
  for (const auto& [grammar, cache] : caches_) bytes += cache->memory_bytes();
  for (auto it = caches_.begin(); it != caches_.end();) {
    const bool full = caches_.size() >= kKept || bytes > kBytesMax;
    if (!full) return;
    if (it->second.use_count() > 1) {
      ++it;
      continue;
    }
    bytes -= it->second->memory_bytes();
    it = caches_.erase(it);
  }
}

}  // namespace mill::llm
