#pragma once
// Words repeat: within one text, a word of up to 15 bytes is merged once, and its tokens are then
// copied from where they first went out. Lives for one encode() only: nothing is shared between
// threads, and nothing grows with the life of the server.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "data/tokenizer/hash.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::tok {

class WordCache {
 public:
  explicit WordCache(size_t text_bytes)
      : entries_(std::bit_ceil(std::clamp<size_t>(text_bytes / 16, 1, 8192))) {}

  // Appends the tokens of a word that was seen; false if it was not.
  bool repeat(std::string_view word, std::vector<TokenId>& out) {
    slot_ = nullptr;
    if (word.size() > kBytesMax) return false;
    const Key key = key_of(word);
    slot_ = &entries_[mixed(key.low ^ 0x9E3779B97F4A7C15U, key.high ^ 0xD6E8FEB86659FD93U) &
                      (entries_.size() - 1)];
    if (slot_->key.low != key.low || slot_->key.high != key.high) {
      slot_->key = key;
      return false;
    }
    const size_t begin = slot_->begin;
    for (size_t i = 0; i < slot_->count; ++i) out.push_back(out[begin + i]);
    return true;
  }

  // After a repeat() that said no: the word's tokens are out[begin…].
  void remember(size_t begin, const std::vector<TokenId>& out) {
    if (slot_ == nullptr) return;
    slot_->begin = begin;
    slot_->count = out.size() - begin;
  }

 private:
  static constexpr size_t kBytesMax = 15;
  struct Key {  // 15 bytes and, in the top one, their number; no word is empty, so 0 is none
    uint64_t low = 0;
    uint64_t high = 0;
  };
  struct Entry {
    Key key;
    size_t begin = 0;
    size_t count = 0;
  };

  static Key key_of(std::string_view word) {
    Key key;
    std::memcpy(&key.low, word.data(), std::min<size_t>(word.size(), 8));
    if (word.size() > 8) std::memcpy(&key.high, word.data() + 8, word.size() - 8);
    key.high |= static_cast<uint64_t>(word.size()) << 56;
    return key;
  }

  std::vector<Entry> entries_;
  Entry* slot_ = nullptr;
};

}  // namespace mill::tok
