#include "data/template/lexer.h"

#include <algorithm>
#include <cctype>

#include "data/template/code_points.h"
#include "data/template/string_literal.h"

namespace mill::jinja {
namespace {

// Longest first.
constexpr std::string_view kOperators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                           "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                           ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};

// \r\n and \r become \n; one newline at the very end goes.
std::string normalized(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
      continue;
    }
    text += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_byte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : text_(normalized(source)) {}

  Result<std::vector<Token>> run() {
    while (at_ < text_.size()) TRY(next_tag());
    push(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return std::string_view(text_).substr(at_); }
  bool starts(std::string_view what) const { return rest().starts_with(what); }

  std::unexpected<Error> fail(std::string_view what) {
    return mill::fail(ErrorKind::invalid, "line {}: {}", line_, what);
  }

  // Moves on, counting lines.
  void advance(std::size_t bytes) {
    line_ += static_cast<int>(std::ranges::count(rest().substr(0, bytes), '\n'));
    at_ = std::min(at_ + bytes, text_.size());
  }
  void skip_space() {
    while (at_ < text_.size()) {
      std::size_t end = at_;
      if (!is_space(next_code_point(text_, end))) return;
      advance(end - at_);
    }
  }
  void push(TokenKind kind, std::string_view text) {
    tokens_.push_back({kind, std::string(text), line_});
  }

  // Text up to the next tag, then the tag.
  Result<void> next_tag() {
    std::size_t open = at_;
    for (;; ++open) {
      open = text_.find('{', open);
      if (open == std::string::npos || open + 1 >= text_.size()) return push_rest();
      if (const char c = text_[open + 1]; c == '{' || c == '%' || c == '#') break;
    }
    const char kind = text_[open + 1];
    const char sign = open + 2 < text_.size() ? text_[open + 2] : ' ';
    push_data(text_.substr(at_, open - at_), sign, kind != '{');
    advance(open - at_ + 2 + (sign == '-' || sign == '+' ? 1 : 0));
    if (kind == '#') return skip_comment();
    if (kind == '%' && at_raw()) return raw_block();
    push(kind == '{' ? TokenKind::variable_begin : TokenKind::block_begin, "");
    return inside(kind == '{' ? "}}" : "%}");
  }

  Result<void> push_rest() {
    push(TokenKind::data, rest());
    advance(rest().size());
    return {};
  }

  // Text before a tag, less the blanks that the tag's sign, or the start of its line, takes away.
  void push_data(std::string data, char sign, bool block) {
    std::string_view kept = data;
    if (sign == '-') {
      kept = stripped(kept, Ends::right);
    } else if (sign != '+' && block) {
      const std::size_t line_begin = kept.rfind('\n') + 1;
      const std::string_view indent = kept.substr(line_begin);
      const bool starts_line = line_begin > 0 || at_ == 0 || text_[at_ - 1] == '\n';
      if (starts_line && stripped(indent, Ends::both).empty()) kept = kept.substr(0, line_begin);
    }
    if (!kept.empty()) push(TokenKind::data, kept);
  }

  // After the closing of a block or comment: -%} takes all white space, %} one newline, +%} none.
  void close_tag(std::size_t bytes, char sign) {
    advance(bytes);
    if (sign == '-') return skip_space();
    if (sign != '+' && starts("\n")) advance(1);
  }

  Result<void> skip_comment() {
    const std::size_t end = text_.find("#}", at_);
    if (end == std::string::npos) return fail("a comment {# has no end #}");
    close_tag(end - at_ + 2, end > at_ ? text_[end - 1] : ' ');
    return {};
  }

  // Where `{% word %}` ends, the position being after its `{%`; 0 if something else stands here.
  std::size_t end_of_tag(std::size_t from, std::string_view word) const {
    const auto blanks = [&] {
      while (from < text_.size() && std::isspace(static_cast<unsigned char>(text_[from]))) ++from;
    };
    blanks();
    if (text_.compare(from, word.size(), word) != 0) return 0;
    from += word.size();
    blanks();
    if (from < text_.size() && (text_[from] == '-' || text_[from] == '+')) ++from;
    return text_.compare(from, 2, "%}") == 0 ? from + 2 : 0;
  }
  bool at_raw() const {
    const std::size_t end = end_of_tag(at_, "raw");
    return end != 0 && text_[end - 3] != '+';
  }

  Result<void> raw_block() {
    const std::size_t body = end_of_tag(at_, "raw");
    const bool strip = text_[body - 3] == '-';
    advance(body - at_);
    if (strip) skip_space();
    for (std::size_t open = at_; (open = text_.find("{%", open)) != std::string::npos; ++open) {
      const char sign = open + 2 < text_.size() ? text_[open + 2] : ' ';
      const std::size_t end = end_of_tag(open + 2 + (sign == '-' || sign == '+' ? 1 : 0), "endraw");
      if (end == 0) continue;
      push_data(text_.substr(at_, open - at_), sign, true);
      close_tag(end - at_, text_[end - 3]);
      return {};
    }
    return fail("{% raw %} has no {% endraw %}");
  }

  // The tokens of a tag up to its `end`; inside brackets }} is two closing braces.
  Result<void> inside(std::string_view end) {
    const bool block = end == "%}";
    std::string open;
    for (;;) {
      skip_space();
      if (at_ >= text_.size()) return fail(fmt::format("the tag has no end {}", end));
      const char sign = text_[at_];
      const bool signed_end =
          (sign == '-' || (sign == '+' && block)) && rest().substr(1).starts_with(end);
      if (open.empty() && (starts(end) || signed_end)) {
        push(block ? TokenKind::block_end : TokenKind::variable_end, "");
        if (block) return close_tag(signed_end ? 3 : 2, sign), Result<void>();
        advance(signed_end ? 3 : 2);
        if (signed_end) skip_space();
        return {};
      }
      TRY(next_token(open));
    }
  }

  Result<void> next_token(std::string& open) {
    const char c = text_[at_];
    if (is_digit(c)) return number();
    if (is_name_byte(c)) return name();
    if (c == '"' || c == '\'') return string(c);
    const auto* op = std::ranges::find_if(kOperators, [this](auto o) { return starts(o); });
    if (op == std::end(kOperators)) return fail(fmt::format("unexpected character '{}'", c));
    TRY(balance(open, c));
    push(TokenKind::op, *op);
    advance(op->size());
    return {};
  }

  Result<void> balance(std::string& open, char c) {
    if (c == '(') open += ')';
    if (c == '[') open += ']';
    if (c == '{') open += '}';
    if (c != ')' && c != ']' && c != '}') return {};
    if (open.empty()) return fail(fmt::format("unexpected '{}'", c));
    if (open.back() != c)
      return fail(fmt::format("unexpected '{}', expected '{}'", c, open.back()));
    open.pop_back();
    return {};
  }

  Result<void> name() {
    std::size_t end = at_;
    while (end < text_.size() && is_name_byte(text_[end])) ++end;
    push(TokenKind::name, rest().substr(0, end - at_));
    advance(end - at_);
    return {};
  }

  Result<void> string(char mark) {
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != mark) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) return fail("a string has no closing quotation mark");
    auto value = unescaped(std::string_view(text_).substr(at_ + 1, end - at_ - 1));
    if (!value) return fail(value.error().message);
    push(TokenKind::string, *value);
    advance(end + 1 - at_);
    return {};
  }

  // Digits that may have underscores between them, from `from`; returns where they end.
  std::size_t digits(std::size_t from, auto is_one) const {
    while (from < text_.size() &&
           (is_one(text_[from]) ||
            (text_[from] == '_' && from + 1 < text_.size() && is_one(text_[from + 1]))))
      ++from;
    return from;
  }

  // 12, 1_000, 0x1f, 0o17, 0b1, 1.5, 1e9. After a dot (a.0.1) only whole numbers.
  Result<void> number() {
    const bool after_dot = at_ > 0 && text_[at_ - 1] == '.';
    const char base = at_ + 1 < text_.size() ? static_cast<char>(text_[at_ + 1] | 0x20) : ' ';
    if (text_[at_] == '0' && (base == 'x' || base == 'o' || base == 'b')) return based_number(base);
    std::size_t end = digits(at_, is_digit);
    bool real = false;
    const auto digit_at = [this](std::size_t i) { return i < text_.size() && is_digit(text_[i]); };
    if (!after_dot && end < text_.size() && text_[end] == '.' && digit_at(end + 1)) {
      end = digits(end + 1, is_digit);
      real = true;
    }
    if (!after_dot && end < text_.size() && (text_[end] | 0x20) == 'e') {
      const bool sign = end + 1 < text_.size() && (text_[end + 1] == '+' || text_[end + 1] == '-');
      if (digit_at(end + 1 + sign)) {
        end = digits(end + 1 + sign, is_digit);
        real = true;
      }
    }
    // Python's integers have no leading zeros: 012 is 0 and then 12.
    if (!real && text_[at_] == '0') end = digits(at_, [](char c) { return c == '0'; });
    push_number(real ? TokenKind::real : TokenKind::integer, end);
    return {};
  }

  Result<void> based_number(char base) {
    const std::size_t end = digits(at_ + 2, [base](char c) {
      if (base == 'x') return std::isxdigit(static_cast<unsigned char>(c)) != 0;
      return c >= '0' && c <= (base == 'o' ? '7' : '1');
    });
    push_number(TokenKind::integer, end == at_ + 2 ? at_ + 1 : end);
    return {};
  }

  void push_number(TokenKind kind, std::size_t end) {
    std::string text(rest().substr(0, end - at_));
    std::erase(text, '_');
    push(kind, text);
    advance(end - at_);
  }

  std::string text_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::vector<Token> tokens_;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace mill::jinja
