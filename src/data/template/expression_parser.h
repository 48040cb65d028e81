#pragma once
// Recursive descent over expressions; docs/formats/jinja.md has the grammar, one function a rule.

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/template/ast.h"
#include "data/template/token_stream.h"
#include "data/template/tree_depth.h"

namespace mill::jinja {

// Nesting of expressions and of statements; bounds the recursion of parser, evaluator and
// destructors.
inline constexpr int kTreeDepthMax = 150;

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  Result<ExpressionPtr> expression();
  // Without `a if b else c`, whose `if` a for loop needs for itself.
  Result<ExpressionPtr> unconditional();
  // a, b, c is a tuple. `stop` is a word that ends it (`in`, `recursive`).
  Result<ExpressionPtr> tuple(bool conditional = true, std::string_view stop = "");
  Result<Target> target(bool with_entries, std::string_view stop = "");
  // name(arguments)|… of {% filter %} and {% set x | … %}; null subject: the block's text.
  Result<ExpressionPtr> block_filters(bool leading_pipe);

  // Filters and tests that we do not know. jinja2 refuses a template that has one, unless it stands
  // in an `if` and may never be reached; then only reaching it fails.
  struct Unknown {
    int line;
    std::string what;
  };
  std::vector<Unknown> unknown;
  // Names that were read since the last clear; a macro asks for caller, varargs and kwargs.
  std::set<std::string, std::less<>> names_read;

 private:
  Result<ExpressionPtr> make(int line, auto node) {
    auto made = std::make_unique<Expression>();
    made->line = line;
    made->depth = 1 + tree_depth::below(node);
    made->node = std::move(node);
    if (made->depth > kTreeDepthMax) return tokens_.fail("the expression is nested too deeply");
    return made;
  }

  Result<ExpressionPtr> conditional();
  Result<ExpressionPtr> disjunction();
  Result<ExpressionPtr> conjunction();
  Result<ExpressionPtr> negation();
  Result<ExpressionPtr> comparison();
  Result<ExpressionPtr> sum();
  Result<ExpressionPtr> concatenation();
  Result<ExpressionPtr> product();
  Result<ExpressionPtr> power();
  Result<ExpressionPtr> unary(bool with_filters = true);
  Result<ExpressionPtr> primary();
  Result<ExpressionPtr> literal();
  Result<ExpressionPtr> list();
  Result<ExpressionPtr> dict();
  Result<ExpressionPtr> postfix(ExpressionPtr subject);
  Result<ExpressionPtr> subscript(ExpressionPtr object);
  Result<ExpressionPtr> slice(ExpressionPtr object, ExpressionPtr start);
  Result<ExpressionPtr> dot(ExpressionPtr object);
  Result<ExpressionPtr> call(ExpressionPtr callee);
  Result<CallArguments> arguments();
  Result<void> argument(CallArguments& into);
  Result<ExpressionPtr> filters(ExpressionPtr subject);
  Result<ExpressionPtr> filter(ExpressionPtr subject);
  Result<ExpressionPtr> test(ExpressionPtr subject);
  Result<std::string> dotted_name();
  Result<Target> simple_target(bool with_entries);

  TokenStream& tokens_;
  int depth_ = 0;  // of this parser's own recursion
};

}  // namespace mill::jinja
