#include "data/template/statement_parser.h"

#include <algorithm>
#include <initializer_list>

#include "data/template/expression_parser.h"
#include "data/template/lexer.h"
#include "data/template/token_stream.h"

namespace mill::jinja {
namespace {

using Words = std::initializer_list<std::string_view>;

class StatementParser {
 public:
  explicit StatementParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Result<Body> whole() {
    TRY_ASSIGN(Body body, statements({}));
    TRY(refuse_unknown(0));
    return body;
  }

 private:
  using Rule = Result<Statement> (StatementParser::*)();
  struct Row {
    std::string_view word;
    Rule rule;
  };
  static const Row kRules[];

  // Up to a block that begins with one of `ends`, whose word stays the current token.
  Result<Body> statements(Words ends);
  // %} … {% end %}: the body of a block, both of its tags' rests included.
  Result<Body> block_body(std::string_view end);
  // The body of a thing that jinja2 compiles to a function or a scope of its own: what is unknown
  // in it is an error at once, even inside an `if`.
  Result<Body> own_body(std::string_view end);
  // The same for functions, out of which `break` cannot jump.
  Result<Body> function_body(std::string_view end);
  Result<void> plain_statement(Body& into);  // text or {{ … }}
  Result<Statement> block_statement();
  Result<void> refuse_unknown(std::size_t from) const;

  Result<Statement> if_statement();
  Result<Statement> for_statement();
  Result<Statement> set_statement();
  Result<Statement> macro_statement();
  Result<Statement> call_block();
  Result<Statement> filter_block();
  Result<Statement> with_statement();
  Result<Statement> print_statement();
  Result<Statement> generation_block();
  Result<Statement> break_statement() { return jump(BreakStatement{}); }
  Result<Statement> continue_statement() { return jump(ContinueStatement{}); }
  Result<Statement> unsupported();
  Result<Statement> jump(auto statement);
  Result<std::vector<Parameter>> parameters();
  Result<void> function(MacroStatement& macro, std::string_view end);

  TokenStream tokens_;
  ExpressionParser expressions_{tokens_};
  int line_ = 0;  // of the statement's word
  int depth_ = 0;
  int loops_ = 0;
};

constexpr StatementParser::Row StatementParser::kRules[] = {
    {"if", &StatementParser::if_statement},
    {"for", &StatementParser::for_statement},
    {"set", &StatementParser::set_statement},
    {"macro", &StatementParser::macro_statement},
    {"call", &StatementParser::call_block},
    {"filter", &StatementParser::filter_block},
    {"with", &StatementParser::with_statement},
    {"print", &StatementParser::print_statement},
    {"generation", &StatementParser::generation_block},
    {"break", &StatementParser::break_statement},
    {"continue", &StatementParser::continue_statement},
    {"include", &StatementParser::unsupported},
    {"extends", &StatementParser::unsupported},
    {"import", &StatementParser::unsupported},
    {"from", &StatementParser::unsupported},
    {"block", &StatementParser::unsupported},
    {"autoescape", &StatementParser::unsupported},
};

bool is_end(const TokenStream& tokens, Words ends) {
  return std::ranges::any_of(ends, [&](std::string_view word) { return tokens.is_name(word); });
}

Result<Body> StatementParser::statements(Words ends) {
  Body body;
  for (;;) {
    if (tokens_.is(TokenKind::end)) {
      if (ends.size() == 0) return body;
      return tokens_.fail("the template ends where {{% {} %}} is missing", *(ends.end() - 1));
    }
    if (tokens_.is(TokenKind::block_begin)) {
      tokens_.skip();
      if (is_end(tokens_, ends)) return body;
      TRY_ASSIGN(body.emplace_back(), block_statement());
      TRY(tokens_.expect(TokenKind::block_end, "'%}'"));
      continue;
    }
    TRY(plain_statement(body));
  }
}

Result<void> StatementParser::plain_statement(Body& into) {
  const int line = tokens_.line();
  if (tokens_.is(TokenKind::data)) {
    into.push_back({line, TextStatement{Value::text(tokens_.now().text)}});
    tokens_.skip();
    return {};
  }
  TRY(tokens_.expect(TokenKind::variable_begin, "'{{'"));
  PrintStatement print;
  TRY_ASSIGN(print.values.emplace_back(), expressions_.tuple());
  TRY(tokens_.expect(TokenKind::variable_end, "'}}'"));
  into.push_back({line, std::move(print)});
  return {};
}

Result<Statement> StatementParser::block_statement() {
  if (!tokens_.is(TokenKind::name)) return tokens_.fail("expected a tag's name after '{{%'");
  const auto* row = std::ranges::find(kRules, tokens_.now().text, &Row::word);
  if (row == std::end(kRules)) return tokens_.fail("unknown tag '{}'", tokens_.now().text);
  const int line = line_ = tokens_.line();
  if (++depth_ > kTreeDepthMax) return tokens_.fail("blocks are nested too deeply");
  if (row->rule != &StatementParser::unsupported) tokens_.skip();
  TRY_ASSIGN(Statement statement, (this->*row->rule)());
  statement.line = line;
  --depth_;
  return statement;
}

Result<Statement> StatementParser::unsupported() {
  return TokenStream::at_line(
      tokens_.line(), ErrorKind::unsupported,
      fmt::format("the tag '{}' is not supported in chat templates", tokens_.now().text));
}

Result<Body> StatementParser::block_body(std::string_view end) {
  tokens_.skip_op(":");
  TRY(tokens_.expect(TokenKind::block_end, "'%}'"));
  TRY_ASSIGN(Body body, statements({end}));
  tokens_.skip();
  return body;
}

Result<void> StatementParser::refuse_unknown(std::size_t from) const {
  if (expressions_.unknown.size() <= from) return {};
  const auto& first = expressions_.unknown[from];
  return TokenStream::at_line(first.line, ErrorKind::unsupported, first.what);
}

Result<Body> StatementParser::own_body(std::string_view end) {
  const std::size_t known = expressions_.unknown.size();
  TRY_ASSIGN(Body body, block_body(end));
  TRY(refuse_unknown(known));
  return body;
}

Result<Body> StatementParser::function_body(std::string_view end) {
  const int loops = std::exchange(loops_, 0);
  TRY_ASSIGN(Body body, own_body(end));
  loops_ = loops;
  return body;
}

Result<Statement> StatementParser::if_statement() {
  const std::size_t known = expressions_.unknown.size();
  IfStatement made;
  for (bool more = true; more;) {
    TRY_ASSIGN(ExpressionPtr condition, expressions_.tuple(false));
    tokens_.skip_op(":");
    TRY(tokens_.expect(TokenKind::block_end, "'%}'"));
    TRY_ASSIGN(Body body, statements({"elif", "else", "endif"}));
    made.branches.emplace_back(std::move(condition), std::move(body));
    more = tokens_.skip_name("elif");
  }
  if (tokens_.skip_name("else")) {
    TRY_ASSIGN(made.otherwise, block_body("endif"));
  } else {
    tokens_.skip();
  }
  expressions_.unknown.resize(known);
  return Statement{0, std::move(made)};
}

bool names(const Target& target, std::string_view name) {
  return target.name == name ||
         std::ranges::any_of(target.elements, [&](const Target& t) { return names(t, name); });
}

Result<Statement> StatementParser::for_statement() {
  ForStatement loop;
  TRY_ASSIGN(loop.target, expressions_.target(false, "in"));
  if (names(loop.target, "loop")) return tokens_.fail("cannot assign to 'loop' in a for loop");
  if (!tokens_.skip_name("in")) return tokens_.fail("expected 'in', got {}", tokens_.shown());
  TRY_ASSIGN(loop.source, expressions_.tuple(false, "recursive"));
  const std::size_t known = expressions_.unknown.size();
  if (tokens_.skip_name("if")) {
    TRY_ASSIGN(loop.condition, expressions_.expression());
  }
  loop.recursive = tokens_.skip_name("recursive");
  tokens_.skip_op(":");
  TRY(tokens_.expect(TokenKind::block_end, "'%}'"));
  ++loops_;
  TRY_ASSIGN(loop.body, statements({"else", "endfor"}));
  --loops_;
  if (tokens_.skip_name("else")) {
    TRY_ASSIGN(loop.otherwise, block_body("endfor"));
  } else {
    tokens_.skip();
  }
  TRY(refuse_unknown(known));
  return Statement{0, std::move(loop)};
}

Result<Statement> StatementParser::set_statement() {
  TRY_ASSIGN(Target target, expressions_.target(true));
  if (loops_ > 0 && names(target, "loop"))
    return tokens_.fail("cannot assign to 'loop' in a for loop");
  if (tokens_.skip_op("=")) {
    TRY_ASSIGN(ExpressionPtr value, expressions_.tuple());
    return Statement{0, SetStatement{std::move(target), std::move(value)}};
  }
  TRY_ASSIGN(ExpressionPtr filter, expressions_.block_filters(true));
  TRY_ASSIGN(Body body, own_body("endset"));
  return Statement{0, SetBlock{std::move(target), std::move(filter), std::move(body)}};
}

Result<std::vector<Parameter>> StatementParser::parameters() {
  std::vector<Parameter> list;
  TRY(tokens_.expect_op("("));
  while (!tokens_.is_op(")")) {
    Parameter parameter;
    TRY_ASSIGN(parameter.name, tokens_.expect_name());
    if (tokens_.skip_op("=")) {
      TRY_ASSIGN(parameter.otherwise, expressions_.expression());
    } else if (!list.empty() && list.back().otherwise) {
      return tokens_.fail("the parameter '{}' without a default follows one with a default",
                          parameter.name);
    }
    if (std::ranges::find(list, parameter.name, &Parameter::name) != list.end())
      return tokens_.fail("the parameter '{}' is there twice", parameter.name);
    list.push_back(std::move(parameter));
    if (!tokens_.skip_op(",")) break;
  }
  TRY(tokens_.expect_op(")"));
  return list;
}

Result<void> StatementParser::function(MacroStatement& macro, std::string_view end) {
  auto outer = std::exchange(expressions_.names_read, {});
  TRY_ASSIGN(macro.body, function_body(end));
  const auto reads = [&](std::string_view name) {
    return expressions_.names_read.contains(name) &&
           std::ranges::none_of(macro.parameters, [&](auto& p) { return p.name == name; });
  };
  macro.takes_caller = reads("caller");
  macro.takes_named = reads("kwargs");
  macro.takes_positional = reads("varargs");
  expressions_.names_read.merge(outer);
  return {};
}

Result<Statement> StatementParser::macro_statement() {
  MacroStatement macro;
  TRY_ASSIGN(macro.name, tokens_.expect_name());
  TRY_ASSIGN(macro.parameters, parameters());
  TRY(function(macro, "endmacro"));
  return Statement{0, std::move(macro)};
}

Result<Statement> StatementParser::call_block() {
  CallBlock made;
  made.caller.name = "caller";
  if (tokens_.is_op("(")) {
    TRY_ASSIGN(made.caller.parameters, parameters());
  }
  TRY_ASSIGN(made.call, expressions_.expression());
  if (!std::holds_alternative<Call>(made.call->node)) return tokens_.fail("expected a call");
  TRY(function(made.caller, "endcall"));
  return Statement{0, std::move(made)};
}

Result<Statement> StatementParser::filter_block() {
  FilterBlock made;
  TRY_ASSIGN(made.filter, expressions_.block_filters(false));
  TRY_ASSIGN(made.body, own_body("endfilter"));
  return Statement{0, std::move(made)};
}

Result<Statement> StatementParser::with_statement() {
  WithStatement made;
  while (!tokens_.is(TokenKind::block_end)) {
    if (!made.values.empty()) TRY(tokens_.expect_op(","));
    TRY_ASSIGN(Target target, expressions_.target(false));
    TRY(tokens_.expect_op("="));
    TRY_ASSIGN(ExpressionPtr value, expressions_.expression());
    made.values.emplace_back(std::move(target), std::move(value));
  }
  TRY_ASSIGN(made.body, own_body("endwith"));
  return Statement{0, std::move(made)};
}

Result<Statement> StatementParser::print_statement() {
  PrintStatement made;
  while (!tokens_.is(TokenKind::block_end)) {
    if (!made.values.empty()) TRY(tokens_.expect_op(","));
    TRY_ASSIGN(made.values.emplace_back(), expressions_.expression());
  }
  return Statement{0, std::move(made)};
}

// {% generation %} marks the assistant's text for training; here it is a scope.
Result<Statement> StatementParser::generation_block() {
  TRY_ASSIGN(Body body, function_body("endgeneration"));
  return Statement{0, WithStatement{{}, std::move(body)}};
}

Result<Statement> StatementParser::jump(auto statement) {
  if (loops_ == 0) return TokenStream::at_line(line_, ErrorKind::invalid, "a jump outside a loop");
  return Statement{0, statement};
}

}  // namespace

Result<Body> parse(std::string_view source) {
  if (source.size() > kSourceBytesMax)
    return fail(ErrorKind::invalid, "the template is too long ({} bytes, limit: {})", source.size(),
                kSourceBytesMax);
  TRY_ASSIGN(std::vector<Token> tokens, tokenize(source));
  return StatementParser(std::move(tokens)).whole();
}

}  // namespace mill::jinja
