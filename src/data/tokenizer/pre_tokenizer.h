#pragma once
// Cuts a text into the words that merging never crosses.

#include <string_view>
#include <vector>

#include "data/tokenizer/regex.h"
#include "data/tokenizer/text_edit.h"

namespace mill::tok {

// What becomes of a match of the pattern. On "the-final--countdown" with pattern "-":
enum class SplitBehaviour {
  removed,               // the final countdown
  isolated,              // the - final - - countdown
  merged_with_previous,  // the- final- - countdown
  merged_with_next,      // the -final - -countdown
  contiguous,            // the - final -- countdown
};

struct Split {
  Regex pattern;
  SplitBehaviour behaviour = SplitBehaviour::isolated;
  bool invert = false;  // what does not match plays the match
};

struct PreTokenizer {
  std::vector<TextEdit> edits;
  std::vector<Split> splits;  // each cuts the words that the one before it left
  bool byte_level = false;    // words then are read as bytes
};

// One thread's scratch space for the splits of a PreTokenizer.
class Splitter {
 public:
  explicit Splitter(std::span<const Split> splits);
  // The words of valid UTF-8, as places in it. Valid until the next call.
  std::span<const Span> words(std::string_view text);

 private:
  struct Part {
    Span span;
    bool match = false;
  };
  void cut(size_t step, std::string_view text, Span word);
  void find_parts(size_t step, std::string_view text, Span word);
  void place(SplitBehaviour behaviour);

  std::span<const Split> splits_;
  std::vector<Regex::Matcher> matchers_;
  std::vector<Part> parts_;
  std::vector<Span> words_;
  std::vector<Span> next_;
};

// GPT-2's pattern, which a ByteLevel pre-tokenizer carries unsaid.
inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

}  // namespace mill::tok
