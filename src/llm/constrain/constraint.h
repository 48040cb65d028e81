#pragma once
// One answer under a grammar: which tokens may come next, and what the one that came means.

#include <memory>
#include <string>

#include "base/error.h"
#include "llm/constrain/mask_cache.h"

namespace mill::llm {

class Constraint {
 public:
  explicit Constraint(std::shared_ptr<MaskCache>);

  // Valid until the next call. Nothing in it: the answer cannot go on, and why_nothing() tells why.
  const TokenMask& mask();
  Error why_nothing() const;

  // With `left` tokens to come, this one included, each at least a byte: those of the mask that
  // leave a way to complete the text, if there are any; else the mask.
  const TokenMask& mask_to_finish(uint32_t left);
  // Whether the text can still be completed in time after this token.
  bool can_finish_after(TokenId, uint32_t left);

  // Whether a token that was drawn without a mask may come: one of the mask, or, where the text may
  // end, one without text. It costs a few steps, where a mask costs a walk.
  bool allows(TokenId);

  // A token of the mask, or one without text.
  Result<void> advance(TokenId);

  bool may_end();           // the text so far is complete
  bool must_end();          // … and nothing can follow
  uint32_t bytes_to_end();  // fewest that complete it
  const std::string& text() const { return text_; }

 private:
  void find_again();

  std::shared_ptr<MaskCache> cache_;
  std::string text_;  // so far; leads back to the state when the cache has forgotten it
  grammar::StateId state_;
  uint64_t epoch_;
  TokenMask finishing_;
};

// The constraints of an engine's requests: one cache for each grammar. The least recently used are
// forgotten first, where they are too many or take too much memory together; not while an answer
// uses them.
class Constraints {
 public:
  explicit Constraints(std::shared_ptr<const TokenTrie> trie) : trie_(std::move(trie)) {}

  Constraint start(const grammar::GrammarPtr&);

 private:
  static constexpr size_t kKept = 16, kBytesMax = size_t{128} << 20;

  void make_room();

  std::shared_ptr<const TokenTrie> trie_;
  std::vector<std::pair<grammar::GrammarPtr, std::shared_ptr<MaskCache>>> caches_;  // oldest first
};

}  // namespace mill::llm
