#pragma once
// A set of tokens, a bit each.

#include <bit>
#include <cstdint>
#include <vector>

#include "data/tokenizer/tokenizer.h"

namespace mill::llm {

class TokenMask {
 public:
  explicit TokenMask(size_t vocab_size = 0) : words_((vocab_size + 63) / 64) {}

  void set(TokenId token) {
    const auto at = static_cast<size_t>(token);
    words_[at / 64] |= uint64_t{1} << (at % 64);
  }
  bool has(TokenId token) const {
    const auto at = static_cast<size_t>(token);
    return at / 64 < words_.size() && (words_[at / 64] >> (at % 64) & 1) != 0;
  }
  size_t count() const {
    size_t out = 0;
    for (const uint64_t word : words_) out += static_cast<size_t>(std::popcount(word));
    return out;
  }
  const std::vector<uint64_t>& words() const { return words_; }

 private:
  std::vector<uint64_t> words_;
};

}  // namespace mill::llm
