#include "data/grammar/code_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mill::grammar {
namespace {

constexpr CodeRange kSurrogates{0xD800, 0xDFFF};

// A character's bytes as ranges, e.g. E1–EC 80–BF 80–BF.
struct ByteRange {
  uint8_t low = 0, high = 0;
};
using Sequence = std::vector<ByteRange>;

uint8_t byte_of(uint32_t code, unsigned length, unsigned index) {
  const uint32_t bits = code >> (6 * (length - 1 - index));
  if (index > 0) return static_cast<uint8_t>(0x80 | (bits & 0x3F));
  constexpr std::array<uint8_t, 5> kLeads = {0, 0x00, 0xC0, 0xE0, 0xF0};
  return static_cast<uint8_t>(kLeads[length] | bits);
}

// Splits a range of codes with `length` bytes each into sequences: where the two ends differ in a
// byte, those behind it must run from 80 to BF, or the range is cut.
void sequences_of(CodeRange range, unsigned length, std::vector<Sequence>& out) {
  for (unsigned tail = 1; tail < length; ++tail) {
    const uint32_t block = (1U << (6 * tail)) - 1;
    if ((range.low | block) == (range.high | block)) continue;
    if ((range.low & block) != 0) {
      sequences_of({range.low, range.low | block}, length, out);
      return sequences_of({(range.low | block) + 1, range.high}, length, out);
    }
    if ((range.high & block) != block) {
      sequences_of({range.low, (range.high & ~block) - 1}, length, out);
      return sequences_of({range.high & ~block, range.high}, length, out);
    }
  }
  Sequence sequence;
  for (unsigned i = 0; i < length; ++i)
    sequence.push_back({byte_of(range.low, length, i), byte_of(range.high, length, i)});
  out.push_back(std::move(sequence));
}

std::vector<Sequence> sequences_of(CodeRange range) {
  constexpr std::array<CodeRange, 4> kLengths = {
      CodeRange{0, 0x7F}, {0x80, 0x7FF}, {0x800, 0xFFFF}, {0x10000, kCodeMax}};
  std::vector<Sequence> out;
  for (unsigned length = 1; length <= 4; ++length) {
    const CodeRange part{std::max(range.low, kLengths[length - 1].low),
                         std::min(range.high, kLengths[length - 1].high)};
    if (part.low <= part.high) sequences_of(part, length, out);
  }
  return out;
}

// Sequences with the same bytes behind the first share their nodes.
class Utf8Emitter {
 public:
  Utf8Emitter(Builder& builder, NodeId to) : builder_(builder), to_(to) {}

  void emit(NodeId from, const Sequence& sequence, size_t at = 0) {
    const ByteRange range = sequence[at];
    if (at + 1 == sequence.size()) return builder_.bytes(from, range.low, range.high, to_);
    builder_.bytes(from, range.low, range.high, node_for(sequence, at + 1));
  }

 private:
  NodeId node_for(const Sequence& sequence, size_t at) {
    std::vector<uint8_t> key;
    for (size_t i = at; i < sequence.size(); ++i)
      key.insert(key.end(), {sequence[i].low, sequence[i].high});
    for (const auto& [known, node] : shared_)
      if (known == key) return node;
    const NodeId node = builder_.node();
    shared_.emplace_back(std::move(key), node);
    emit(node, sequence, at);
    return node;
  }

  Builder& builder_;
  NodeId to_;
  std::vector<std::pair<std::vector<uint8_t>, NodeId>> shared_;
};

bool quoted(Spelling spelling) {
  return spelling == Spelling::json || spelling == Spelling::single;
}

bool is_escaped(uint32_t code, Spelling spelling) {
  return quoted(spelling) && (code < 0x20 || code == quote_of(spelling) || code == '\\');
}

std::string escaped(uint32_t code) {
  switch (code) {
    case '\'':
      return "\\'";
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return fmt::format("\\u{:04x}", code);
  }
}

}  // namespace

CodeSet::CodeSet(std::initializer_list<CodeRange> ranges) {
  for (const CodeRange range : ranges) add(range);
}

CodeSet CodeSet::all() { return {{0, kCodeMax}}; }

// Codes above Unicode's are left as they are: regex_language.h marks places with them.
void CodeSet::add(CodeRange range) {
  if (range.low > range.high) return;
  if (range.low < kSurrogates.low) {
    ranges_.push_back({range.low, std::min(range.high, kSurrogates.low - 1)});
    range.low = kSurrogates.low;
  }
  if (range.high > kSurrogates.high)
    ranges_.push_back({std::max(range.low, kSurrogates.high + 1), range.high});
  normalise();
}

void CodeSet::add(const CodeSet& other) {
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  normalise();
}

void CodeSet::normalise() {
  if (ranges_.size() < 2) return;
  std::ranges::sort(ranges_);
  size_t last = 0;
  for (size_t i = 1; i < ranges_.size(); ++i) {
    if (ranges_[i].low <= ranges_[last].high + 1)
      ranges_[last].high = std::max(ranges_[last].high, ranges_[i].high);
    else
      ranges_[++last] = ranges_[i];
  }
  ranges_.resize(last + 1);
}

CodeSet CodeSet::complement() const {
  CodeSet out;
  uint32_t next = 0;
  for (const CodeRange range : ranges_) {
    if (range.low > next) out.add({next, range.low - 1});
    next = range.high + 1;
  }
  if (next <= kCodeMax) out.add({next, kCodeMax});
  return out;
}

CodeSet CodeSet::operator&(const CodeSet& other) const {
  CodeSet out;
  for (auto a = ranges_.begin(), b = other.ranges_.begin();
       a != ranges_.end() && b != other.ranges_.end();) {
    const CodeRange both{std::max(a->low, b->low), std::min(a->high, b->high)};
    if (both.low <= both.high) out.ranges_.push_back(both);
    (a->high < b->high ? a : b)++;
  }
  return out;
}

bool CodeSet::contains(uint32_t code) const {
  const auto at = std::ranges::upper_bound(ranges_, code, {}, &CodeRange::low);
  return at != ranges_.begin() && code <= std::prev(at)->high;
}

void emit_codes(Builder& builder, NodeId from, const CodeSet& set, NodeId to, Spelling spelling) {
  if (spelling == Spelling::bytes) {
    const CodeSet bytes = set & CodeSet{{0, 0xFF}};
    for (const CodeRange range : bytes.ranges())
      builder.bytes(from, static_cast<uint8_t>(range.low), static_cast<uint8_t>(range.high), to);
    return;
  }
  Utf8Emitter utf8(builder, to);
  CodeSet special;
  if (quoted(spelling))
    special = {{0, 0x1F}, {quote_of(spelling), quote_of(spelling)}, {'\\', '\\'}};
  const CodeSet plain = set & special.complement();
  for (const CodeRange range : plain.ranges())
    for (const Sequence& sequence : sequences_of(range)) utf8.emit(from, sequence);
  const CodeSet rest = set & special;
  for (const CodeRange range : rest.ranges())
    for (uint32_t code = range.low; code <= range.high; ++code)
      builder.literal(from, escaped(code), to);
}

std::string spelled(std::string_view utf8, Spelling spelling) {
  std::string out;
  for (const char c : utf8) {
    const auto byte = static_cast<uint8_t>(c);
    if (is_escaped(byte, spelling))
      out += escaped(byte);
    else
      out += c;
  }
  return out;
}

}  // namespace mill::grammar
