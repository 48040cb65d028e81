#pragma once
// Sets of Unicode characters (scalar values: code points that are no surrogates), and how a text
// writes them down in bytes.

#include <cstdint>
#include <vector>

#include "data/grammar/grammar.h"

namespace mill::grammar {

struct CodeRange {
  uint32_t low = 0, high = 0;  // both included
  auto operator<=>(const CodeRange&) const = default;
};

class CodeSet {
 public:
  CodeSet() = default;
  CodeSet(std::initializer_list<CodeRange> ranges);
  static CodeSet all();
  static CodeSet one(uint32_t code) { return {{code, code}}; }

  void add(CodeRange range);  // surrogates in it are left out
  void add(const CodeSet& other);
  CodeSet complement() const;
  CodeSet operator&(const CodeSet& other) const;
  bool contains(uint32_t code) const;
  bool empty() const { return ranges_.empty(); }
  const std::vector<CodeRange>& ranges() const { return ranges_; }  // ascending, with gaps between
  auto operator<=>(const CodeSet&) const = default;

 private:
  void normalise();
  std::vector<CodeRange> ranges_;
};

inline constexpr uint32_t kCodeMax = 0x10FFFF;

// raw: as UTF-8. json: within a JSON string, where control characters, " and \ are escaped, each in
// one way only, so that a text has one spelling and no name can hide behind another. single: the
// same between single quotes, as Python has it. bytes: no characters, but bytes, up to 255.
enum class Spelling : uint8_t { raw, json, single, bytes };

// Edges that read one character of the set, in a fixed number of nodes per target. Codes above 255
// are not written as bytes.
void emit_codes(Builder&, NodeId from, const CodeSet&, NodeId to, Spelling);

std::string spelled(std::string_view utf8, Spelling);

// Around a text that is spelled so; of raw ones there is none.
inline uint8_t quote_of(Spelling spelling) { return spelling == Spelling::single ? '\'' : '"'; }

}  // namespace mill::grammar
