#include "llm/constrain/mask_cache.h"

#include <algorithm>

namespace mill::llm {
namespace {

constexpr size_t kRoomBytes = size_t{32} << 20;   // for states
constexpr size_t kMasksBytes = size_t{32} << 20;  // for masks
constexpr uint32_t kAnyDistance = grammar::kUnreachable - 1;

}  // namespace

MaskCache::MaskCache(grammar::GrammarPtr grammar, std::shared_ptr<const TokenTrie> trie)
    : grammar_(std::move(grammar)),
      trie_(std::move(trie)),
      matcher_(std::make_unique<grammar::Matcher>(grammar_)),
      path_(trie_->longest() + 1),
      grammar_bytes_(grammar_->memory_bytes()),
      room_(kRoomBytes) {}

const TokenMask& MaskCache::mask(grammar::StateId state) {
  const grammar::StateId canonical = matcher_->canonical(state, trie_->longest());
  if (const auto known = masks_.find(canonical); known != masks_.end()) return known->second;
  TokenMask mask(trie_->vocab_size());
  walk(canonical, mask, kAnyDistance);
  if ((masks_.size() + 1) * trie_->vocab_size() / 8 > kMasksBytes) masks_.clear();
  return masks_.insert_or_assign(canonical, std::move(mask)).first->second;
}

TokenMask MaskCache::mask_within(grammar::StateId state, uint32_t bytes) {
  TokenMask mask(trie_->vocab_size());
  walk(state, mask, bytes);
  return mask;
}

// Which groups of bytes lead from the state back to itself, every byte of them.
uint64_t MaskCache::loops_of(grammar::StateId state) {
  if (const auto known = loops_.find(state); known != loops_.end()) return known->second;
  uint64_t groups = ~uint64_t{0};
  for (unsigned byte = 0; byte < 256; ++byte)
    if (matcher_->step(state, static_cast<uint8_t>(byte)) != state)
      groups &= ~(uint64_t{1} << TokenTrie::group_of(static_cast<uint8_t>(byte)));
  return loops_[state] = groups;
}

void MaskCache::walk(grammar::StateId state, TokenMask& into, uint32_t bytes) {
  if (matcher_->accepts(state))
    for (const TokenId end : trie_->ends()) into.set(end);
  path_[0] = state;
  for (size_t node = 1; node < trie_->size();) {
    const uint32_t depth = trie_->depth(node);
    const grammar::StateId before = path_[depth - 1];
    const grammar::StateId here = matcher_->step(before, trie_->byte(node));
    if (here == grammar::kDead) {
      node = trie_->past(node);
      continue;
    }
    path_[depth] = here;
    const bool within = matcher_->distance(here) <= bytes;
    if (here == before && within && (trie_->groups_below(node) & ~loops_of(here)) == 0) {
      for (const TokenId token : trie_->tokens_below(node)) into.set(token);
      node = trie_->past(node);
      continue;
    }
    if (within)
      for (const TokenId token : trie_->tokens(node)) into.set(token);
    ++node;
  }
}

grammar::StateId MaskCache::advance(grammar::StateId state, TokenId token) {
  const std::string& piece = trie_->piece(token);
  if (piece.empty()) return grammar::kDead;
  for (const char byte : piece) state = matcher_->step(state, static_cast<uint8_t>(byte));
  return state;
}

void MaskCache::make_room() {
  if (matcher_->memory_bytes() < room_) return;
  matcher_ = std::make_unique<grammar::Matcher>(grammar_);
  masks_.clear();
  loops_.clear();
  ++epoch_;
  room_ = kRoomBytes;
}

size_t MaskCache::memory_bytes() const {
  return grammar_bytes_ + matcher_->memory_bytes() + masks_.size() * trie_->vocab_size() / 8;
}

void MaskCache::settle() { room_ = std::max(room_, 2 * matcher_->memory_bytes()); }

}  // namespace mill::llm
