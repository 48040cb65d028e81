#pragma once
// Tokens back to bytes.

#include <string>
#include <string_view>
#include <vector>

namespace mill::tok {

struct Decoder {
  struct Replacement {
    std::string from;
    std::string to;
  };
  std::vector<Replacement> replacements;  // in each token's text, e.g. ▁ → space
  bool byte_fallback = false;             // <0xXX> is that byte
  std::string strip;                      // taken off the front of the whole text …
  size_t strip_count = 0;                 // … at most so many times

  // Appends what one token says, in the middle of a text.
  void append(std::string_view token, std::string& out) const;
  void strip_front(std::string& text) const;
};

// The byte that "<0x0A>" writes; -1 for any other text.
int byte_of_token(std::string_view token);

}  // namespace mill::tok
