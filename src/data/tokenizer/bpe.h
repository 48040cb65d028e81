#pragma once
// Byte-pair encoding: a word starts as its characters (or bytes), and again and again the adjacent
// pair with the best rank, leftmost first, becomes one token (Sennrich et al. 2016,
// arXiv:1508.07909).
//   "lower", merges l+o, lo+w, e+r:   l o w e r → lo w e r → low e r → low er
//
// Two rules say what may merge. `pairs`: a table of (left id, right id), as tokenizer.json and
// byte-level GGUF files have it. `scores`: any two neighbours whose joint text is in the
// vocabulary, the highest score first, as SentencePiece has it.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "data/tokenizer/tokenizer.h"
#include "data/tokenizer/vocab.h"

namespace mill::tok {

struct Merge {
  uint32_t rank = UINT32_MAX;  // lower merges first; UINT32_MAX: these two never merge
  TokenId id = -1;
};

class MergeTable {
 public:
  void reserve(size_t merges);
  void add(TokenId left, TokenId right, Merge merge);  // the first of equals stays
  Merge find(TokenId left, TokenId right) const;

 private:
  struct Slot {
    uint64_t pair = kEmpty;
    Merge merge;
  };
  static constexpr uint64_t kEmpty = UINT64_MAX;
  size_t slot_of(uint64_t pair) const;

  std::vector<Slot> slots_;  // a power of two, at most half full
};

// A part of the word that is being merged.
struct Symbol {
  uint32_t begin = 0;
  uint32_t size = 0;
  TokenId id = -1;  // -1: not in the vocabulary
};

class Bpe {
 public:
  enum class Rule { pairs, scores };

  struct Options {
    Rule rule = Rule::pairs;
    bool byte_level = false;     // symbols start as bytes, else as characters
    bool byte_fallback = false;  // an unknown character becomes its <0xXX> tokens
    bool fuse_unknown = false;   // neighbouring unknown characters give one token
    bool ignore_merges = false;  // a word that is a token is that token, whatever the merges say
    TokenId unknown = -1;        // -1: what is unknown is dropped
  };

  Options options;
  MergeTable merges;                       // rule pairs
  std::vector<uint32_t> score_ranks;       // rule scores: by token id
  std::array<TokenId, 256> byte_tokens{};  // the token of each single byte, -1 where none

  // Appends the tokens of one word. `scratch` only saves allocations.
  void encode(const Vocab&, std::string_view word, std::vector<Symbol>& scratch,
              std::vector<TokenId>& out) const;

  // A score as a rank: the higher score has the lower rank, equal scores equal ranks.
  static uint32_t rank_of_score(float score);

 private:
  struct Word;
  void start(const Vocab&, std::string_view word, std::vector<Symbol>& symbols) const;
  void start_unknown(std::string_view word, Symbol, std::vector<Symbol>& symbols) const;
  void emit(const Symbol&, std::string_view word, std::vector<TokenId>& out) const;
};

}  // namespace mill::tok
