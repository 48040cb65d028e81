#pragma once
// The tokens of a template and how far the parser has come.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/template/lexer.h"

namespace mill::jinja {

class TokenStream {
 public:
  explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  const Token& now() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  int line() const { return now().line; }

  bool is(TokenKind kind) const { return now().kind == kind; }
  bool is_name(std::string_view text) const { return matches(now(), TokenKind::name, text); }
  bool is_op(std::string_view text) const { return matches(now(), TokenKind::op, text); }
  static bool matches(const Token& token, TokenKind kind, std::string_view text) {
    return token.kind == kind && token.text == text;
  }

  void skip() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }
  bool skip_name(std::string_view text) { return is_name(text) ? (skip(), true) : false; }
  bool skip_op(std::string_view text) { return is_op(text) ? (skip(), true) : false; }

  Result<void> expect_op(std::string_view text) {
    if (skip_op(text)) return {};
    return fail("expected '{}', got {}", text, shown());
  }
  Result<std::string> expect_name() {
    if (!is(TokenKind::name)) return fail("expected a name, got {}", shown());
    std::string text = now().text;
    skip();
    return text;
  }
  Result<void> expect(TokenKind kind, std::string_view what) {
    if (!is(kind)) return fail("expected {}, got {}", what, shown());
    skip();
    return {};
  }

  template <class... Args>
  std::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) const {
    return at_line(line(), ErrorKind::invalid, fmt::format(format, std::forward<Args>(args)...));
  }
  static std::unexpected<Error> at_line(int line, ErrorKind kind, std::string_view what) {
    return mill::fail(kind, "line {}: {}", line, what);
  }

  // The current token in an error message.
  std::string shown() const {
    switch (now().kind) {
      case TokenKind::end:
        return "the end of the template";
      case TokenKind::variable_end:
        return "'}}'";
      case TokenKind::block_end:
        return "'%}'";
      case TokenKind::data:
        return "text";
      case TokenKind::string:
        return "a string";
      default:
        return "'" + now().text + "'";
    }
  }

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace mill::jinja
