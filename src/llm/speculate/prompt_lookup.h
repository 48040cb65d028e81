#pragma once
// Guesses what comes next from what has come before: where the end of a text has stood in it once
// already, what followed there may follow again (Saxena, Prompt Lookup Decoding, 2023). Summaries,
// edits, code and answers about a document copy much of what they read.
//
//   … the old mill by the river … was built beside the old mill  →  by the river
//
// It is the match finder of LZ77 (Ziv, Lempel, 1977; the hash chains are those of zlib): every run
// of kGram tokens is filed under its hash, each entry linked to the one before it. A guess costs a
// few comparisons, a token of text one entry.

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "data/tokenizer/tokenizer.h"

namespace mill::llm {

class PromptLookup {
 public:
  static constexpr uint32_t kGram = 3;  // shortest end that is looked for, tokens

  // The next `count` tokens of `text`, or none. The text only ever grows from call to call.
  //
  // Of the latest places with the same end, the one that has most of it in common counts. Where
  // the guess catches up with the end of the text, it goes on with itself: a b c a b c → a b c a …
  std::vector<TokenId> guess(std::span<const TokenId> text, uint32_t count);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  void read(std::span<const TokenId> text);
  uint32_t best_match(std::span<const TokenId> text) const;

  std::unordered_map<uint64_t, uint32_t> latest_;  // hash of a run -> where it ended last
  std::vector<uint32_t> earlier_;  // for each token read: where its run ended before that
};

}  // namespace mill::llm
