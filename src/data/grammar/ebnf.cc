#include "data/grammar/ebnf.h"

#include <algorithm>
#include <map>
#include <optional>

#include "data/grammar/regex.h"
#include "data/grammar/text.h"

namespace mill::grammar {
namespace {

constexpr int kDepthMax = 100;
constexpr uint32_t kCountMax = 1'000'000;

bool is_name(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

class Parser {
 public:
  Parser(Builder& builder, std::u32string text) : builder_(builder), text_(std::move(text)) {}

  Result<RuleId> run() {
    for (skip_blanks(); !done(); skip_blanks()) TRY(rule());
    for (const auto& [name, it] : rules_)
      if (!it.defined)
        return fail(ErrorKind::invalid, "line {}: the rule '{}' is not defined", it.line, name);
    const auto root = rules_.find("root");
    if (root == rules_.end()) return fail(ErrorKind::invalid, "there is no rule 'root'");
    return root->second.id;
  }

 private:
  struct Known {
    RuleId id = 0;
    bool defined = false;
    size_t line = 0;  // where it was named first
  };

  bool done() const { return at_ >= text_.size(); }
  char32_t peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : 0;
  }
  bool accept(std::u32string_view what) {
    if (!std::u32string_view(text_).substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  // Counted on from where it was asked for last.
  size_t line() {
    if (at_ < counted_) counted_ = 0, line_ = 1;
    for (; counted_ < std::min(at_, text_.size()); ++counted_) line_ += text_[counted_] == '\n';
    return line_;
  }
  std::unexpected<Error> wrong(std::string_view what) {
    return fail(ErrorKind::invalid, "line {}: {}", line(), what);
  }

  void skip_blanks() {
    while (!done()) {
      if (peek() == '#') {
        while (!done() && peek() != '\n') ++at_;
      } else if (peek() == ' ' || peek() == '\t' || peek() == '\r' || peek() == '\n') {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::string name() {
    std::u32string out;
    while (!done() && is_name(peek())) out += text_[at_++];
    return encoded(out);
  }

  Known& known(const std::string& name) {
    const auto [at, fresh] = rules_.try_emplace(name);
    if (fresh) at->second = {.id = builder_.rule(name), .defined = false, .line = line()};
    return at->second;
  }

  Result<void> rule() {
    const std::string called = name();
    if (called.empty()) return wrong("a rule's name is expected here");
    skip_blanks();
    if (!accept(U"::=") && !accept(U"="))
      return wrong(fmt::format("'::=' is expected behind '{}'", called));
    Known& it = known(called);
    if (it.defined) return wrong(fmt::format("the rule '{}' is defined twice", called));
    it.defined = true;
    const RuleId id = it.id;
    TRY(alternatives(builder_.start(id), builder_.end(id)));
    skip_blanks();
    if (accept(U";")) skip_blanks();
    if (!done() && !at_rule()) return wrong("this belongs to no rule");
    return {};
  }

  // A name with "::=" behind it begins the next rule.
  bool at_rule() {
    const size_t before = at_;
    const bool named = !name().empty();
    skip_blanks();
    const bool found = named && (accept(U"::=") || accept(U"="));
    at_ = before;
    return found;
  }

  Result<void> alternatives(NodeId from, NodeId to) {
    if (++depth_ > kDepthMax) return wrong("groups are nested too deep");
    do {
      const NodeId begin = builder_.node();
      builder_.skip(from, begin);
      TRY(sequence(begin, to));
      skip_blanks();
    } while (accept(U"|"));
    --depth_;
    return {};
  }

  bool at_end_of_sequence() {
    return done() || peek() == '|' || peek() == ')' || peek() == ';' ||
           (is_name(peek()) && at_rule());
  }

  Result<void> sequence(NodeId from, NodeId to) {
    for (skip_blanks(); !at_end_of_sequence(); skip_blanks()) {
      if (builder_.too_large()) return wrong("the grammar is too large");
      const NodeId next = builder_.node();
      TRY(repeated_item(from, next));
      from = next;
    }
    builder_.skip(from, to);
    return {};
  }

  Result<void> repeated_item(NodeId from, NodeId to) {
    const RuleId body = builder_.rule(fmt::format("what stands in line {}", line()));
    TRY(item(builder_.start(body), builder_.end(body)));
    uint32_t min = 1, max = 1;
    if (accept(U"*")) {
      min = 0, max = kForever;
    } else if (accept(U"+")) {
      max = kForever;
    } else if (accept(U"?")) {
      min = 0;
    } else if (peek() == '{') {
      TRY(counts(min, max));
    }
    if (min == 1 && max == 1)
      builder_.call(from, body, to);
    else
      builder_.repeat(from, {.body = body, .min = min, .max = max, .next = to});
    return {};
  }

  Result<void> counts(uint32_t& min, uint32_t& max) {
    accept(U"{");
    const auto least = number();
    if (!least && peek() != ',') return wrong("a count is expected in the braces");
    min = max = least.value_or(0);
    if (accept(U",")) max = number().value_or(kForever);
    if (!accept(U"}")) return wrong("the counts' '}' is missing");
    if (min > max) return wrong("a repetition's least is above its most");
    if (min > kCountMax || (max != kForever && max > kCountMax))
      return wrong("a repetition of more than a million");
    return {};
  }

  std::optional<uint32_t> number() {
    if (peek() < '0' || peek() > '9') return std::nullopt;
    uint32_t out = 0;
    for (; peek() >= '0' && peek() <= '9'; ++at_)
      out = out > kCountMax ? out : out * 10 + (peek() - '0');
    return out;
  }

  Result<void> item(NodeId from, NodeId to) {
    if (peek() == '"' || peek() == '\'') return quoted(from, to);
    if (accept(U"(")) {
      TRY(alternatives(from, to));
      return accept(U")") ? Result<void>() : wrong("a '(' without its ')'");
    }
    if (accept(U"[")) return character_class(from, to);
    if (accept(U"/")) return regex(from, to);
    if (accept(U".")) {
      emit_codes(builder_, from, class_named('.'), to, Spelling::raw);
      return {};
    }
    if (!is_name(peek())) return wrong("a text, class, name or group is expected here");
    builder_.call(from, known(name()).id, to);
    return {};
  }

  Result<void> quoted(NodeId from, NodeId to) {
    const char32_t quote = text_[at_++];
    std::u32string out;
    while (!done() && peek() != quote) {
      if (peek() == '\n') return wrong("the text does not end in its line");
      TRY_ASSIGN(const char32_t code, character());
      out += code;
    }
    if (done()) return wrong("the text does not end");
    ++at_;
    builder_.literal(from, encoded(out), to);
    return {};
  }

  Result<void> regex(NodeId from, NodeId to) {
    std::u32string out;
    while (!done() && peek() != '/' && peek() != '\n') {
      if (peek() == '\\' && peek(1) == '/') {
        ++at_;  // an escaped slash is a slash; other escapes are the regex's own
      } else if (peek() == '\\') {
        out += text_[at_++];
        if (done()) break;
      }
      out += text_[at_++];
    }
    if (!accept(U"/")) return wrong("the regex does not end in its line");
    auto emitted = emit_pattern(builder_, from, encoded(out), to);
    return emitted ? Result<void>() : wrong(emitted.error().message);
  }

  Result<void> character_class(NodeId from, NodeId to) {
    const bool negated = accept(U"^");
    CodeSet set;
    while (!done() && peek() != ']') {
      if (peek() == '\\' && (peek(1) == 'd' || peek(1) == 'w' || peek(1) == 's')) {
        set.add(class_named(static_cast<char>(peek(1))));
        at_ += 2;
        continue;
      }
      TRY_ASSIGN(const char32_t low, character());
      char32_t high = low;
      if (peek() == '-' && peek(1) != ']' && peek(1) != 0) {
        ++at_;
        TRY_ASSIGN(high, character());
      }
      if (low > high) return wrong("a range in a class is the wrong way round");
      set.add({low, high});
    }
    if (!accept(U"]")) return wrong("a '[' without its ']'");
    emit_codes(builder_, from, negated ? set.complement() : set, to, Spelling::raw);
    return {};
  }

  Result<char32_t> character() {
    const char32_t c = text_[at_++];
    if (c != '\\') return c;
    if (done()) return wrong("the grammar ends in a '\\'");
    const char32_t letter = text_[at_++];
    if (letter == 'n') return U'\n';
    if (letter == 'r') return U'\r';
    if (letter == 't') return U'\t';
    if (letter == 'x') return hex(2);
    if (letter == 'u') return hex(4);
    if (letter == 'U') return hex(8);
    return letter;
  }

  Result<char32_t> hex(size_t digits) {
    uint32_t code = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      const char32_t c = peek();
      const char32_t lower = c | 0x20;
      if (c >= '0' && c <= '9')
        code = code * 16 + (c - '0');
      else if (lower >= 'a' && lower <= 'f')
        code = code * 16 + (lower - 'a' + 10);
      else
        return wrong("an escape lacks hexadecimal digits");
    }
    if (code > kCodeMax || (code >= 0xD800 && code <= 0xDFFF))
      return wrong("an escape names no character");
    return code;
  }

  Builder& builder_;
  const std::u32string text_;
  size_t at_ = 0, counted_ = 0, line_ = 1;
  int depth_ = 0;
  std::map<std::string, Known> rules_;
};

}  // namespace

Result<RuleId> emit_ebnf(Builder& builder, std::string_view grammar) {
  if (grammar.size() > kEbnfBytesMax)
    return fail(ErrorKind::exhausted, "the grammar has {} bytes; at most {} are allowed",
                grammar.size(), kEbnfBytesMax);
  TRY_ASSIGN(std::u32string codes, decoded(grammar));
  return Parser(builder, std::move(codes)).run();
}

}  // namespace mill::grammar
