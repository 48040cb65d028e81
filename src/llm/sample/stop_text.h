#pragma once
// Finds stop strings in text that arrives in pieces, and holds back only what could still become
// one. The result does not depend on how the text was cut: the match that is complete first wins,
// and of several that are complete at the same character, the longest.
//   stops {"\n\n", "END"}:  feed("a E") → "a "   feed("N") → ""   feed("x") → "ENx"

#include <string>
#include <string_view>
#include <vector>

namespace mill::llm {

class StopText {
 public:
  explicit StopText(const std::vector<std::string>& stops);  // none of them empty

  std::string feed(std::string_view text);   // what is certainly not part of a stop string
  std::string pass(std::string_view text);   // text in which none is looked for, nor before it
  std::string finish();                      // what was held back to the end
  bool matched() const { return matched_; }  // then nothing more comes out

 private:
  // Knuth, Morris, Pratt: `length` bytes of the text's end are the beginning of `text`, and
  // fallback[i] is the length of the longest proper prefix of text[0…i] that is its suffix, too.
  struct Stop {
    std::string text;
    std::vector<size_t> fallback;
    size_t length = 0;

    bool advance(char);  // true where the whole string is there; not to be called after that
  };

  bool advance(char);

  std::vector<Stop> stops_;
  std::string held_;
  bool matched_ = false;
};

}  // namespace mill::llm
