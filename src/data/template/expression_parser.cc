#include "data/template/expression_parser.h"

#include <algorithm>
#include <charconv>

#include "data/template/filters.h"
#include "data/template/predicates.h"

namespace mill::jinja {
namespace {

// Counts a level of recursion while it lives.
class Level {
 public:
  explicit Level(int& depth) : depth_(depth) { ++depth_; }
  ~Level() { --depth_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  int& depth_;
};

}  // namespace

Result<ExpressionPtr> ExpressionParser::expression() { return conditional(); }

Result<ExpressionPtr> ExpressionParser::unconditional() {
  const Level level(depth_);
  if (depth_ > kTreeDepthMax) return tokens_.fail("the expression is nested too deeply");
  return disjunction();
}

Result<ExpressionPtr> ExpressionParser::conditional() {
  int line = tokens_.line();
  const std::size_t known = unknown.size();
  TRY_ASSIGN(ExpressionPtr then, unconditional());
  while (tokens_.skip_name("if")) {
    TRY_ASSIGN(ExpressionPtr condition, unconditional());
    ExpressionPtr otherwise;
    if (tokens_.skip_name("else")) {
      const Level level(depth_);
      TRY_ASSIGN(otherwise, conditional());
    }
    unknown.resize(known);
    TRY_ASSIGN(
        then, make(line, Conditional{std::move(then), std::move(condition), std::move(otherwise)}));
    line = tokens_.line();
  }
  return then;
}

Result<ExpressionPtr> ExpressionParser::disjunction() {
  const int line = tokens_.line();
  TRY_ASSIGN(ExpressionPtr left, conjunction());
  while (tokens_.skip_name("or")) {
    TRY_ASSIGN(ExpressionPtr right, conjunction());
    TRY_ASSIGN(left, make(line, Logic{false, std::move(left), std::move(right)}));
  }
  return left;
}

Result<ExpressionPtr> ExpressionParser::conjunction() {
  const int line = tokens_.line();
  TRY_ASSIGN(ExpressionPtr left, negation());
  while (tokens_.skip_name("and")) {
    TRY_ASSIGN(ExpressionPtr right, negation());
    TRY_ASSIGN(left, make(line, Logic{true, std::move(left), std::move(right)}));
  }
  return left;
}

Result<ExpressionPtr> ExpressionParser::negation() {
  const int line = tokens_.line();
  if (!tokens_.skip_name("not")) return comparison();
  const Level level(depth_);
  if (depth_ > kTreeDepthMax) return tokens_.fail("the expression is nested too deeply");
  TRY_ASSIGN(ExpressionPtr operand, negation());
  return make(line, Not{std::move(operand)});
}

namespace {

constexpr std::string_view kComparisonSigns[] = {"==", "!=", "<", "<=", ">", ">="};

std::optional<Comparison> next_comparison(TokenStream& tokens) {
  for (std::size_t i = 0; i < std::size(kComparisonSigns); ++i)
    if (tokens.skip_op(kComparisonSigns[i])) return static_cast<Comparison>(i);
  if (tokens.skip_name("in")) return Comparison::in;
  if (tokens.is_name("not") && TokenStream::matches(tokens.ahead(), TokenKind::name, "in")) {
    tokens.skip();
    tokens.skip();
    return Comparison::not_in;
  }
  return std::nullopt;
}

std::optional<BinaryOperator> next_operator(
    TokenStream& tokens,
    std::initializer_list<std::pair<std::string_view, BinaryOperator>> candidates) {
  for (const auto& [sign, op] : candidates)
    if (tokens.skip_op(sign)) return op;
  return std::nullopt;
}

}  // namespace

Result<ExpressionPtr> ExpressionParser::comparison() {
  const int line = tokens_.line();
  TRY_ASSIGN(ExpressionPtr first, sum());
  CompareExpression compare;
  while (const auto op = next_comparison(tokens_)) {
    TRY_ASSIGN(ExpressionPtr right, sum());
    compare.rest.emplace_back(*op, std::move(right));
  }
  if (compare.rest.empty()) return first;
  compare.first = std::move(first);
  return make(line, std::move(compare));
}

Result<ExpressionPtr> ExpressionParser::sum() {
  const int line = tokens_.line();
  TRY_ASSIGN(ExpressionPtr left, concatenation());
  while (const auto op =
             next_operator(tokens_, {{"+", BinaryOperator::add}, {"-", BinaryOperator::sub}})) {
    TRY_ASSIGN(ExpressionPtr right, concatenation());
    TRY_ASSIGN(left, make(line, BinaryExpression{*op, std::move(left), std::move(right)}));
  }
  return left;
}

Result<ExpressionPtr> ExpressionParser::concatenation() {
  const int line = tokens_.line();
  Expressions parts(1);
  TRY_ASSIGN(parts[0], product());
  while (tokens_.skip_op("~")) {
    TRY_ASSIGN(parts.emplace_back(), product());
  }
  if (parts.size() == 1) return std::move(parts[0]);
  return make(line, Concatenation{std::move(parts)});
}

Result<ExpressionPtr> ExpressionParser::product() {
  const int line = tokens_.line();
  TRY_ASSIGN(ExpressionPtr left, power());
  while (const auto op = next_operator(tokens_, {{"*", BinaryOperator::mul},
                                                 {"/", BinaryOperator::div},
                                                 {"//", BinaryOperator::floor_div},
                                                 {"%", BinaryOperator::mod}})) {
    TRY_ASSIGN(ExpressionPtr right, power());
    TRY_ASSIGN(left, make(line, BinaryExpression{*op, std::move(left), std::move(right)}));
  }
  return left;
}

Result<ExpressionPtr> ExpressionParser::power() {
  const int line = tokens_.line();
  TRY_ASSIGN(ExpressionPtr left, unary());
  while (tokens_.skip_op("**")) {
    TRY_ASSIGN(ExpressionPtr right, unary());
    TRY_ASSIGN(
        left, make(line, BinaryExpression{BinaryOperator::pow, std::move(left), std::move(right)}));
  }
  return left;
}

Result<ExpressionPtr> ExpressionParser::unary(bool with_filters) {
  const int line = tokens_.line();
  const bool minus = tokens_.is_op("-");
  ExpressionPtr node;
  if (minus || tokens_.is_op("+")) {
    tokens_.skip();
    const Level level(depth_);
    if (depth_ > kTreeDepthMax) return tokens_.fail("the expression is nested too deeply");
    TRY_ASSIGN(ExpressionPtr operand, unary(false));
    TRY_ASSIGN(node, make(line, Negation{minus, std::move(operand)}));
  } else {
    TRY_ASSIGN(node, primary());
  }
  TRY_ASSIGN(node, postfix(std::move(node)));
  if (!with_filters) return node;
  return filters(std::move(node));
}

Result<ExpressionPtr> ExpressionParser::primary() {
  const int line = tokens_.line();
  if (tokens_.is_op("(")) {
    tokens_.skip();
    if (tokens_.skip_op(")")) return make(line, ListExpression{Shape::tuple, {}});
    TRY_ASSIGN(ExpressionPtr inner, tuple());
    TRY(tokens_.expect_op(")"));
    return inner;
  }
  if (tokens_.is_op("[")) return list();
  if (tokens_.is_op("{")) return dict();
  if (!tokens_.is(TokenKind::name)) return literal();
  std::string name = tokens_.now().text;
  tokens_.skip();
  if (name == "true" || name == "True") return make(line, Literal{Value(true)});
  if (name == "false" || name == "False") return make(line, Literal{Value(false)});
  if (name == "none" || name == "None") return make(line, Literal{Value()});
  names_read.insert(name);
  return make(line, Name{std::move(name)});
}

namespace {

Result<Value> integer_literal(const TokenStream& tokens) {
  std::string_view digits = tokens.now().text;
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    if (base != 10) digits.remove_prefix(2);
  }
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc() || stop != end)
    return tokens.fail("the number {} does not fit 64 bits", tokens.now().text);
  return Value(value);
}

}  // namespace

Result<ExpressionPtr> ExpressionParser::literal() {
  const int line = tokens_.line();
  if (tokens_.is(TokenKind::integer)) {
    TRY_ASSIGN(Value value, integer_literal(tokens_));
    tokens_.skip();
    return make(line, Literal{std::move(value)});
  }
  if (tokens_.is(TokenKind::real)) {
    const std::string& text = tokens_.now().text;
    double value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
      return tokens_.fail("the number {} is out of range", text);
    tokens_.skip();
    return make(line, Literal{Value(value)});
  }
  if (!tokens_.is(TokenKind::string)) return tokens_.fail("unexpected {}", tokens_.shown());
  std::string text;  // 'a' 'b' is 'ab'
  for (; tokens_.is(TokenKind::string); tokens_.skip()) text += tokens_.now().text;
  return make(line, Literal{Value::text(std::move(text))});
}

Result<ExpressionPtr> ExpressionParser::tuple(bool with_if, std::string_view stop) {
  const int line = tokens_.line();
  const auto ends = [&] {
    return tokens_.is(TokenKind::variable_end) || tokens_.is(TokenKind::block_end) ||
           tokens_.is_op(")") || (!stop.empty() && tokens_.is_name(stop));
  };
  Expressions items;
  bool is_tuple = false;
  while (!ends()) {
    TRY_ASSIGN(items.emplace_back(), with_if ? expression() : unconditional());
    if (!tokens_.skip_op(",")) break;
    is_tuple = true;
  }
  if (is_tuple) return make(line, ListExpression{Shape::tuple, std::move(items)});
  if (items.empty()) return tokens_.fail("expected an expression, got {}", tokens_.shown());
  return std::move(items[0]);
}

Result<ExpressionPtr> ExpressionParser::list() {
  const int line = tokens_.line();
  TRY(tokens_.expect_op("["));
  Expressions items;
  while (!tokens_.is_op("]")) {
    TRY_ASSIGN(items.emplace_back(), expression());
    if (!tokens_.skip_op(",")) break;
  }
  TRY(tokens_.expect_op("]"));
  return make(line, ListExpression{Shape::list, std::move(items)});
}

Result<ExpressionPtr> ExpressionParser::dict() {
  const int line = tokens_.line();
  TRY(tokens_.expect_op("{"));
  DictExpression dict;
  while (!tokens_.is_op("}")) {
    TRY_ASSIGN(ExpressionPtr key, expression());
    TRY(tokens_.expect_op(":"));
    TRY_ASSIGN(ExpressionPtr value, expression());
    dict.items.emplace_back(std::move(key), std::move(value));
    if (!tokens_.skip_op(",")) break;
  }
  TRY(tokens_.expect_op("}"));
  return make(line, std::move(dict));
}

}  // namespace mill::jinja
