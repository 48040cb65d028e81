#pragma once
// Which tokens may come next, for each state of a grammar: the vocabulary's tree walked once for
// each state, and remembered. One thread at a time. The cost of a walk is what makes it worth it:
//  - a subtree is left as soon as its byte leads nowhere;
//  - where a state leads back to itself on every byte of a subtree (the inside of a string), the
//    subtree is taken whole, unseen;
//  - states that differ in counters out of a token's reach share one mask (Matcher::canonical).

#include <array>
#include <memory>
#include <unordered_map>

#include "data/grammar/matcher.h"
#include "llm/constrain/token_mask.h"
#include "llm/constrain/token_trie.h"

namespace mill::llm {

class MaskCache {
 public:
  MaskCache(grammar::GrammarPtr, std::shared_ptr<const TokenTrie>);

  const TokenTrie& trie() const { return *trie_; }
  grammar::Matcher& matcher() { return *matcher_; }

  // Valid until the next call of any of these. Tokens that end the generation are in it exactly
  // where the text may end.
  const TokenMask& mask(grammar::StateId);

  // Those of the mask after which the text can still be completed with `bytes` more bytes.
  TokenMask mask_within(grammar::StateId, uint32_t bytes);

  grammar::StateId advance(grammar::StateId, TokenId);  // kDead: not allowed

  // When the memory runs over, all states are forgotten, and the epoch goes up: who held one must
  // find it again from the text that led there, and say settle() when that is done, so that there
  // is room for as much again.
  void make_room();
  void settle();
  size_t memory_bytes() const;  // with the grammar
  uint64_t epoch() const { return epoch_; }

 private:
  void walk(grammar::StateId, TokenMask& into, uint32_t bytes);
  uint64_t loops_of(grammar::StateId);

  grammar::GrammarPtr grammar_;
  std::shared_ptr<const TokenTrie> trie_;
  std::unique_ptr<grammar::Matcher> matcher_;
  std::unordered_map<grammar::StateId, TokenMask> masks_;
  std::unordered_map<grammar::StateId, uint64_t> loops_;
  std::vector<grammar::StateId> path_;  // of a walk: the state at each depth
  const size_t grammar_bytes_;
  size_t room_;
  uint64_t epoch_ = 0;
};

}  // namespace mill::llm
