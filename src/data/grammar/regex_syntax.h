#pragma once
// Regular expressions as ECMA-262 writes them (what JSON Schema's "pattern" is), as trees.
//
//   pattern     = alternative { "|" alternative }
//   alternative = { term }
//   term        = "^" | "$" | lookahead | atom [ quantifier ]
//   lookahead   = ("(?=" | "(?!") pattern ")"
//   atom        = "." | character | "\" escape | "[" class "]" | "(" ["?:" | "?<name>"] pattern ")"
//   quantifier  = ("*" | "+" | "?" | "{n}" | "{n,}" | "{n,m}") ["?"]
//   escape      = d D w W s S t n r f v 0 xHH uHHHH u{H…} cX p{…} P{…} or any other character
//   itself
//
// Refused, since no grammar can say them or nobody needs them: backreferences, \b and \B,
// lookbehind, inline flags, and a lookahead within a repetition.

#include <memory>
#include <string_view>
#include <vector>

#include "data/grammar/code_set.h"

namespace mill::grammar {

struct Pattern;
using PatternPtr = std::unique_ptr<Pattern>;

enum class PatternKind : uint8_t {
  codes,       // one character of the set
  sequence,    // the parts, one after another (none: nothing)
  choice,      // one of the parts
  repetition,  // parts[0], min to max times
  begin,       // ^
  end,         // $
  ahead,       // (?=parts[0])
  not_ahead,   // (?!parts[0])
};

struct Pattern {
  PatternKind kind = PatternKind::sequence;
  CodeSet codes = {};
  std::vector<PatternPtr> parts = {};
  uint32_t min = 1, max = 1;
};

inline constexpr size_t kPatternBytesMax = 8192;
inline constexpr int kPatternDepthMax = 100;

// The error says where in the pattern it is.
Result<PatternPtr> parse_pattern(std::string_view pattern);

// What \d, \w and \s mean; nothing for any other letter.
CodeSet class_named(char letter);

}  // namespace mill::grammar
