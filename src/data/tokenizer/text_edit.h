#pragma once
// What is done to the text before it is cut: Unicode normalization, and the replacing of spaces
// that SentencePiece-like vocabularies want ("Hello world" → "▁Hello▁world").

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "data/tokenizer/regex.h"

namespace mill::tok {

inline constexpr std::string_view kMetaspace = "\xE2\x96\x81";  // ▁, U+2581
inline constexpr std::string_view kSpace = " ";

enum class UnicodeForm { nfc, nfd, nfkc, nfkd };

struct Prepend {
  std::string text;
  bool unless_there = false;   // not where the text starts with it already
  bool only_at_start = false;  // only for the segment that begins the whole input
};

struct Replace {
  std::string pattern;  // as it stands, where regex is empty
  std::optional<Regex> regex;
  std::string content;
};

struct Strip {
  bool left = false;
  bool right = false;
};

using TextEdit = std::variant<UnicodeForm, Prepend, Replace, Strip>;

// In order, on valid UTF-8. `at_start`: the text begins the whole input.
void apply(std::span<const TextEdit> edits, bool at_start, std::string& text);

}  // namespace mill::tok
