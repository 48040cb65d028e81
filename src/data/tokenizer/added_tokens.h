#pragma once
// Tokens that are cut out of the text before anything else looks at it: control tokens such as
// <|im_start|>, and whatever else the makers added beside the merges. Leftmost first, and of those
// that start at one place the longest.

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizer/tokenizer.h"

namespace mill::tok {

struct AddedToken {
  std::string content;
  TokenId id = -1;
  bool special = false;      // a control token: only where the caller asks to parse them
  bool normalized = false;   // looked for in the normalized text, else in the raw text
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // … and after it
};

class AddedTokens {
 public:
  void add(AddedToken token);  // the later of equals wins
  TokenId find(std::string_view content) const;
  bool empty() const { return tokens_.empty(); }

  struct Match {
    size_t begin = 0;
    size_t end = 0;
    TokenId id = -1;
  };
  // The next one at or after `from`.
  std::optional<Match> next(std::string_view text, size_t from, bool parse_special) const;

 private:
  // A trie over bytes: the first child of a node and its next sibling.
  struct Node {
    uint8_t byte = 0;
    uint32_t child = 0;
    uint32_t sibling = 0;
    int32_t token = -1;  // index into tokens_ of what ends here
  };
  uint32_t child_of(uint32_t node, uint8_t byte) const;
  uint32_t grow_child(uint32_t node, uint8_t byte);
  const AddedToken* longest_at(std::string_view text, size_t at, bool parse_special) const;

  std::vector<AddedToken> tokens_;
  std::vector<Node> nodes_ = std::vector<Node>(1);  // [0]: the root, and no child
  std::array<uint32_t, 256> first_{};               // the root's children by byte
};

}  // namespace mill::tok
