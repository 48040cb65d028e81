#pragma once
// The vocabulary: the text of every token id, and the id of every text. Texts lie end to end in one
// string; the index is one flat table, so that loading allocates a handful of times.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::tok {

class Vocab {
 public:
  void reserve(size_t tokens, size_t bytes);

  // Ids may come in any order and leave holes, as long as they stay in proportion to `tokens`
  // of reserve(): a file of a hundred bytes cannot ask for gigabytes.
  Result<void> set(int64_t id, std::string_view text);
  void index(TokenId id);  // text → id; a later id of the same text wins
  void mark_special(TokenId id) { specials_[static_cast<size_t>(id)] = true; }

  size_t size() const { return spans_.size(); }
  bool has(int64_t id) const { return id >= 0 && static_cast<size_t>(id) < spans_.size(); }
  bool special(TokenId id) const { return has(id) && specials_[static_cast<size_t>(id)]; }
  std::string_view text(TokenId id) const;  // "" for holes and ids out of range
  TokenId find(std::string_view text) const;

 private:
  struct TextSpan {
    uint32_t begin = 0;
    uint32_t size = 0;
  };
  struct Slot {
    uint32_t hash = 0;
    TokenId id = -1;
  };

  size_t slot_of(std::string_view text, uint64_t hash) const;
  void grow();

  std::string texts_;
  std::vector<TextSpan> spans_;
  std::vector<bool> specials_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  size_t indexed_ = 0;
  size_t expected_ = 0;
};

}  // namespace mill::tok
