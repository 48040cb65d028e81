#include "data/grammar/regex_syntax.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "data/grammar/text.h"

namespace mill::grammar {
namespace {

constexpr uint32_t kCountMax = 1'000'000;

PatternPtr make(PatternKind kind) {
  auto out = std::make_unique<Pattern>();
  out->kind = kind;
  return out;
}

bool has_lookahead(const Pattern& pattern) {
  return pattern.kind == PatternKind::ahead || pattern.kind == PatternKind::not_ahead ||
         std::ranges::any_of(pattern.parts, [](const auto& it) { return has_lookahead(*it); });
}

PatternPtr codes_of(CodeSet set) {
  PatternPtr out = make(PatternKind::codes);
  out->codes = std::move(set);
  return out;
}

int hex_value(uint32_t c) {
  if (c >= '0' && c <= '9') return static_cast<int>(c - '0');
  const uint32_t letter = c | 0x20;
  return letter >= 'a' && letter <= 'f' ? static_cast<int>(letter - 'a' + 10) : -1;
}

// Unicode's general categories, "L" or "Lu".
Result<CodeSet> category_named(std::string_view name) {
  for (std::string_view prefix : {"gc=", "General_Category="})
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kLongNames = {
      {{"Letter", "L"},
       {"Number", "N"},
       {"Punctuation", "P"},
       {"Uppercase_Letter", "Lu"},
       {"Lowercase_Letter", "Ll"},
       {"Decimal_Number", "Nd"}}};
  for (const auto& [long_name, short_name] : kLongNames)
    if (name == long_name) name = short_name;
  CodeSet out;
  std::vector<CodeRange> runs;
  for (uint32_t code = 0; code <= kCodeMax && !name.empty(); ++code) {
    const char* category = utf8proc_category_string(static_cast<utf8proc_int32_t>(code));
    if (!std::string_view(category).starts_with(name)) continue;
    if (!runs.empty() && runs.back().high + 1 == code)
      runs.back().high = code;
    else
      runs.push_back({code, code});
  }
  for (const CodeRange run : runs) out.add(run);
  if (out.empty()) return fail(ErrorKind::unsupported, "\\p{{{}}} is not known", name);
  return out;
}

class Parser {
 public:
  explicit Parser(std::u32string text) : text_(std::move(text)) {}

  Result<PatternPtr> run() {
    TRY_ASSIGN(PatternPtr out, choice());
    if (!done()) return wrong("a ')' without its '('");
    return out;
  }

 private:
  bool done() const { return at_ == text_.size(); }
  uint32_t peek() const { return done() ? 0 : text_[at_]; }
  bool looking_at(std::u32string_view what) const {
    return std::u32string_view(text_).substr(at_).starts_with(what);
  }
  bool accept(std::u32string_view what) {
    if (!looking_at(what)) return false;
    at_ += what.size();
    return true;
  }
  std::unexpected<Error> wrong(std::string_view what, ErrorKind kind = ErrorKind::invalid) const {
    return fail(kind, "{} at character {}", what, at_ + 1);
  }

  Result<PatternPtr> choice() {
    if (++depth_ > kPatternDepthMax) return wrong("the groups are nested too deep");
    PatternPtr out = make(PatternKind::choice);
    do {
      TRY_ASSIGN(PatternPtr part, sequence());
      out->parts.push_back(std::move(part));
    } while (accept(U"|"));
    --depth_;
    if (out->parts.size() == 1) return std::move(out->parts[0]);
    return out;
  }

  Result<PatternPtr> sequence() {
    PatternPtr out = make(PatternKind::sequence);
    while (!done() && peek() != '|' && peek() != ')') {
      TRY_ASSIGN(PatternPtr part, term());
      // ^^ is ^: a place is where it is, however often one says so.
      const bool place = part->kind == PatternKind::begin || part->kind == PatternKind::end;
      if (place && !out->parts.empty() && out->parts.back()->kind == part->kind) continue;
      out->parts.push_back(std::move(part));
    }
    return out;
  }

  Result<PatternPtr> term() {
    if (accept(U"^")) return make(PatternKind::begin);
    if (accept(U"$")) return make(PatternKind::end);
    if (accept(U"(?=")) return group(make(PatternKind::ahead));
    if (accept(U"(?!")) return group(make(PatternKind::not_ahead));
    TRY_ASSIGN(PatternPtr part, atom());
    return quantified(std::move(part));
  }

  Result<PatternPtr> group(PatternPtr around) {
    TRY_ASSIGN(PatternPtr inner, choice());
    if (!accept(U")")) return wrong("a '(' without its ')'");
    if (around == nullptr) return inner;
    around->parts.push_back(std::move(inner));
    return around;
  }

  Result<PatternPtr> atom() {
    if (accept(U"(?:")) return group(nullptr);
    if (looking_at(U"(?<=") || looking_at(U"(?<!"))
      return wrong("lookbehind is not supported,", ErrorKind::unsupported);
    if (accept(U"(?<") || accept(U"(?P<")) return named_group();
    if (looking_at(U"(?"))
      return wrong("this kind of group is not supported,", ErrorKind::unsupported);
    if (accept(U"(")) return group(nullptr);
    if (accept(U"[")) return character_class();
    if (accept(U".")) return codes_of(class_named('.'));
    if (accept(U"\\")) return escape();
    if (at_quantifier()) return wrong("nothing to repeat");
    return codes_of(CodeSet::one(text_[at_++]));
  }

  Result<PatternPtr> named_group() {
    while (!done() && peek() != '>') ++at_;
    if (!accept(U">")) return wrong("a group's name does not end");
    return group(nullptr);
  }

  Result<PatternPtr> quantified(PatternPtr part) {
    uint32_t min = 1, max = 1;
    if (accept(U"*")) {
      min = 0, max = kForever;
    } else if (accept(U"+")) {
      max = kForever;
    } else if (accept(U"?")) {
      min = 0;
    } else if (const auto counts = braces()) {
      std::tie(min, max) = *counts;
    } else {
      return part;
    }
    if (!accept(U"?")) accept(U"+");  // lazy or possessive: the same texts
    if (min > max) return wrong("a repetition's least is above its most");
    if (min > kCountMax || (max != kForever && max > kCountMax))
      return wrong("a repetition of more than a million");
    if (has_lookahead(*part))
      return wrong("a lookahead within a repetition is not supported,", ErrorKind::unsupported);
    PatternPtr out = make(PatternKind::repetition);
    out->min = min;
    out->max = max;
    out->parts.push_back(std::move(part));
    if (at_quantifier()) return wrong("nothing to repeat");
    return out;
  }

  bool at_quantifier() {
    if (peek() == '*' || peek() == '+' || peek() == '?') return true;
    const size_t before = at_;
    const bool counts = braces().has_value();
    at_ = before;
    return counts;
  }

  // {n}, {n,} or {n,m}; anything else that begins with a brace is that brace itself.
  std::optional<std::pair<uint32_t, uint32_t>> braces() {
    const size_t before = at_;
    if (!accept(U"{")) return std::nullopt;
    const auto least = number();
    uint32_t most = least.value_or(0);
    if (least && accept(U",")) most = number().value_or(kForever);
    if (least && accept(U"}")) return std::pair{*least, most};
    at_ = before;
    return std::nullopt;
  }

  std::optional<uint32_t> number() {
    if (done() || peek() < '0' || peek() > '9') return std::nullopt;
    uint32_t out = 0;
    for (; peek() >= '0' && peek() <= '9'; ++at_)
      out = out > kCountMax ? out : out * 10 + (peek() - '0');
    return out;
  }

  Result<PatternPtr> escape() {
    if (done()) return wrong("the pattern ends in a '\\'");
    const uint32_t c = peek();
    if ((c >= '1' && c <= '9') || c == 'k')
      return wrong("backreferences are not supported,", ErrorKind::unsupported);
    if (c == 'b' || c == 'B')
      return wrong("word boundaries (\\b, \\B) are not supported,", ErrorKind::unsupported);
    if (c == 'A' || c == 'Z' || c == 'z') {
      ++at_;
      return make(c == 'A' ? PatternKind::begin : PatternKind::end);
    }
    TRY_ASSIGN(CodeSet set, escaped_set());
    return codes_of(std::move(set));
  }

  // Behind a backslash, in a class or not.
  Result<CodeSet> escaped_set() {
    const uint32_t c = text_[at_++];
    if (c == 'd' || c == 'w' || c == 's') return class_named(static_cast<char>(c));
    if (c == 'D' || c == 'W' || c == 'S')
      return class_named(static_cast<char>(c | 0x20)).complement();
    if (c == 'p' || c == 'P') return property(c == 'P');
    constexpr std::array<std::pair<uint32_t, uint32_t>, 6> kControls = {
        {{'t', '\t'}, {'n', '\n'}, {'r', '\r'}, {'f', '\f'}, {'v', '\v'}, {'0', 0}}};
    for (const auto& [letter, code] : kControls)
      if (c == letter) return CodeSet::one(code);
    if (c == 'x') return hex(2, c);
    if (c == 'u' && accept(U"{")) return braced_hex();
    if (c == 'u') return hex(4, c);
    if (c == 'c' && !done()) return CodeSet::one(text_[at_++] & 0x1F);
    return CodeSet::one(c);
  }

  Result<CodeSet> hex(size_t digits, uint32_t letter) {
    uint32_t code = 0;
    const size_t before = at_;
    for (size_t i = 0; i < digits; ++i) {
      const int value = hex_value(peek());
      if (value < 0) {
        at_ = before;
        return CodeSet::one(letter);  // \x without its digits is an x
      }
      code = code * 16 + static_cast<uint32_t>(value);
      ++at_;
    }
    if (code >= 0xD800 && code <= 0xDFFF)
      return wrong("half a surrogate pair; write \\u{…},", ErrorKind::unsupported);
    return CodeSet::one(code);
  }

  Result<CodeSet> braced_hex() {
    uint32_t code = 0;
    for (; hex_value(peek()) >= 0; ++at_) {
      code = code * 16 + static_cast<uint32_t>(hex_value(peek()));
      if (code > kCodeMax) return wrong("a code point beyond Unicode");
    }
    if (!accept(U"}")) return wrong("\\u{…} does not end");
    return CodeSet::one(code);
  }

  Result<CodeSet> property(bool negated) {
    if (!accept(U"{")) return CodeSet::one(negated ? 'P' : 'p');
    std::string name;
    while (!done() && peek() != '}' && peek() < 0x80) name += static_cast<char>(text_[at_++]);
    if (!accept(U"}")) return wrong("\\p{…} does not end");
    auto set = category_named(name);
    if (!set) return wrong(set.error().message, ErrorKind::unsupported);
    return negated ? set->complement() : *set;
  }

  Result<PatternPtr> character_class() {
    const bool negated = accept(U"^");
    CodeSet set;
    while (!done() && peek() != ']') TRY(class_item(set));
    if (!accept(U"]")) return wrong("a '[' without its ']'");
    return codes_of(negated ? set.complement() : set);
  }

  // A character, an escape, or a range of characters. "-" is itself where it cannot be a range.
  Result<void> class_item(CodeSet& into) {
    TRY_ASSIGN(const CodeSet first, class_atom());
    const bool range = peek() == '-' && at_ + 1 < text_.size() && text_[at_ + 1] != ']';
    if (!range || !is_one(first)) {
      into.add(first);
      return {};
    }
    ++at_;
    TRY_ASSIGN(const CodeSet last, class_atom());
    if (!is_one(last)) {  // [a-\d]: three things
      into.add(first);
      into.add(CodeSet::one('-'));
      into.add(last);
      return {};
    }
    if (first.ranges()[0].low > last.ranges()[0].low)
      return wrong("a range in a class is the wrong way round");
    into.add({first.ranges()[0].low, last.ranges()[0].low});
    return {};
  }

  Result<CodeSet> class_atom() {
    const uint32_t c = text_[at_++];
    if (c != '\\') return CodeSet::one(c);
    if (done()) return wrong("the pattern ends in a '\\'");
    if (accept(U"b")) return CodeSet::one('\b');
    return escaped_set();
  }

  static bool is_one(const CodeSet& set) {
    return set.ranges().size() == 1 && set.ranges()[0].low == set.ranges()[0].high;
  }

  const std::u32string text_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

CodeSet class_named(char letter) {
  switch (letter) {
    case 'd':
      return {{'0', '9'}};
    case 'w':
      return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    case 's':  // ECMA-262's WhiteSpace and LineTerminator
      return {{9, 13},          {32, 32},         {0xA0, 0xA0},     {0x1680, 0x1680},
              {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
              {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
    case '.':
      return CodeSet{{10, 10}, {13, 13}, {0x2028, 0x2029}}.complement();
    default:
      return {};
  }
}

Result<PatternPtr> parse_pattern(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax)
    return fail(ErrorKind::exhausted, "the pattern has {} bytes; at most {} are allowed",
                pattern.size(), kPatternBytesMax);
  TRY_ASSIGN(std::u32string codes, decoded(pattern));
  return Parser(std::move(codes)).run();
}

}  // namespace mill::grammar
