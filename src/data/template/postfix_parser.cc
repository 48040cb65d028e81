// What comes after a primary: a.b, a[b], a(b), a|b, a is b; and the targets of assignments.
#include <algorithm>

#include "data/template/expression_parser.h"
#include "data/template/filters.h"
#include "data/template/predicates.h"

namespace mill::jinja {

Result<ExpressionPtr> ExpressionParser::postfix(ExpressionPtr subject) {
  for (;;) {
    if (tokens_.is_op(".")) {
      TRY_ASSIGN(subject, dot(std::move(subject)));
    } else if (tokens_.is_op("[")) {
      TRY_ASSIGN(subject, subscript(std::move(subject)));
    } else if (tokens_.is_op("(")) {
      TRY_ASSIGN(subject, call(std::move(subject)));
    } else {
      return subject;
    }
  }
}

Result<ExpressionPtr> ExpressionParser::dot(ExpressionPtr object) {
  const int line = tokens_.line();
  TRY(tokens_.expect_op("."));
  if (!tokens_.is(TokenKind::integer)) {
    TRY_ASSIGN(std::string name, tokens_.expect_name());
    return make(line, Attribute{std::move(object), std::move(name)});
  }
  TRY_ASSIGN(ExpressionPtr index, literal());  // a.0
  return make(line, Item{std::move(object), std::move(index)});
}

Result<ExpressionPtr> ExpressionParser::subscript(ExpressionPtr object) {
  const int line = tokens_.line();
  TRY(tokens_.expect_op("["));
  if (tokens_.is_op(":")) return slice(std::move(object), nullptr);
  TRY_ASSIGN(ExpressionPtr key, expression());
  if (tokens_.is_op(":")) return slice(std::move(object), std::move(key));
  if (tokens_.is_op(",")) {  // a[1, 2] asks for the key (1, 2)
    Expressions items;
    items.push_back(std::move(key));
    while (tokens_.skip_op(",")) {
      TRY_ASSIGN(items.emplace_back(), expression());
    }
    TRY_ASSIGN(key, make(line, ListExpression{Shape::tuple, std::move(items)}));
  }
  TRY(tokens_.expect_op("]"));
  return make(line, Item{std::move(object), std::move(key)});
}

// [start:stop:step], each of which may be left out.
Result<ExpressionPtr> ExpressionParser::slice(ExpressionPtr object, ExpressionPtr start) {
  const int line = tokens_.line();
  TRY(tokens_.expect_op(":"));
  ExpressionPtr stop, step;
  if (!tokens_.is_op(":") && !tokens_.is_op("]")) {
    TRY_ASSIGN(stop, expression());
  }
  if (tokens_.skip_op(":") && !tokens_.is_op("]")) {
    TRY_ASSIGN(step, expression());
  }
  TRY(tokens_.expect_op("]"));
  return make(line, Slice{std::move(object), std::move(start), std::move(stop), std::move(step)});
}

Result<ExpressionPtr> ExpressionParser::call(ExpressionPtr callee) {
  const int line = tokens_.line();
  TRY_ASSIGN(CallArguments given, arguments());
  return make(line, Call{std::move(callee), std::move(given)});
}

Result<CallArguments> ExpressionParser::arguments() {
  CallArguments given;
  TRY(tokens_.expect_op("("));
  while (!tokens_.is_op(")")) {
    TRY(argument(given));
    if (!tokens_.skip_op(",")) break;
  }
  TRY(tokens_.expect_op(")"));
  return given;
}

Result<void> ExpressionParser::argument(CallArguments& into) {
  const bool starred = into.more_positional || into.more_named;
  const bool named =
      tokens_.is(TokenKind::name) && TokenStream::matches(tokens_.ahead(), TokenKind::op, "=");
  if (tokens_.is_op("*") && !starred) {
    tokens_.skip();
    TRY_ASSIGN(into.more_positional, expression());
  } else if (tokens_.is_op("**") && !into.more_named) {
    tokens_.skip();
    TRY_ASSIGN(into.more_named, expression());
  } else if (named && !into.more_named) {
    std::string name = tokens_.now().text;
    const auto same = [&](const auto& other) { return other.first == name; };
    if (std::ranges::any_of(into.named, same))
      return tokens_.fail("the argument '{}' is given twice", name);
    tokens_.skip();
    tokens_.skip();
    TRY_ASSIGN(ExpressionPtr value, expression());
    into.named.emplace_back(std::move(name), std::move(value));
  } else if (!starred && into.named.empty() && !named) {
    TRY_ASSIGN(into.positional.emplace_back(), expression());
  } else {
    return tokens_.fail("a positional argument after one with a name or a star");
  }
  return {};
}

Result<ExpressionPtr> ExpressionParser::filters(ExpressionPtr subject) {
  for (;;) {
    if (tokens_.skip_op("|")) {
      TRY_ASSIGN(subject, filter(std::move(subject)));
    } else if (tokens_.is_name("is")) {
      TRY_ASSIGN(subject, test(std::move(subject)));
    } else if (tokens_.is_op("(")) {
      TRY_ASSIGN(subject, call(std::move(subject)));
    } else {
      return subject;
    }
  }
}

Result<std::string> ExpressionParser::dotted_name() {
  TRY_ASSIGN(std::string name, tokens_.expect_name());
  while (tokens_.skip_op(".")) {
    TRY_ASSIGN(const std::string part, tokens_.expect_name());
    name += "." + part;
  }
  return name;
}

Result<ExpressionPtr> ExpressionParser::filter(ExpressionPtr subject) {
  const int line = tokens_.line();
  TRY_ASSIGN(std::string name, dotted_name());
  const Operation* operation = find_filter(name);
  if (operation == nullptr) unknown.push_back({line, "unknown filter '" + name + "'"});
  CallArguments given;
  if (tokens_.is_op("(")) {
    TRY_ASSIGN(given, arguments());
  }
  return make(line,
              FilterExpression{std::move(subject), std::move(name), operation, std::move(given)});
}

// x is [not] name, with arguments in brackets or one argument without.
Result<ExpressionPtr> ExpressionParser::test(ExpressionPtr subject) {
  const int line = tokens_.line();
  tokens_.skip();  // is
  const bool negative = tokens_.skip_name("not");
  TRY_ASSIGN(std::string name, dotted_name());
  const Operation* operation = find_predicate(name);
  if (operation == nullptr) unknown.push_back({line, "unknown test '" + name + "'"});
  CallArguments given;
  const Token& next = tokens_.now();
  const bool literal_or_name = next.kind == TokenKind::name || next.kind == TokenKind::string ||
                               next.kind == TokenKind::integer || next.kind == TokenKind::real ||
                               tokens_.is_op("[") || tokens_.is_op("{");
  const bool keyword = tokens_.is_name("else") || tokens_.is_name("or") || tokens_.is_name("and");
  if (tokens_.is_op("(")) {
    TRY_ASSIGN(given, arguments());
  } else if (literal_or_name && !keyword) {
    if (tokens_.is_name("is")) return tokens_.fail("tests cannot be chained with 'is'");
    TRY_ASSIGN(ExpressionPtr argument, primary());
    TRY_ASSIGN(given.positional.emplace_back(), postfix(std::move(argument)));
  }
  TRY_ASSIGN(ExpressionPtr made, make(line, TestExpression{std::move(subject), std::move(name),
                                                           operation, std::move(given)}));
  if (!negative) return made;
  return make(line, Not{std::move(made)});
}

Result<ExpressionPtr> ExpressionParser::block_filters(bool leading_pipe) {
  ExpressionPtr made;
  if (!leading_pipe) {
    TRY_ASSIGN(made, filter(nullptr));
  }
  while (tokens_.skip_op("|")) {
    TRY_ASSIGN(made, filter(std::move(made)));
  }
  return made;
}

Result<Target> ExpressionParser::simple_target(bool with_entries) {
  Target target;
  if (tokens_.skip_op("(")) {
    TRY_ASSIGN(target, this->target(with_entries));
    TRY(tokens_.expect_op(")"));
    return target;
  }
  static constexpr std::string_view kConstants[] = {"true",  "True", "false",
                                                    "False", "none", "None"};
  if (std::ranges::find(kConstants, tokens_.now().text) != std::end(kConstants))
    return tokens_.fail("cannot assign to '{}'", tokens_.now().text);
  TRY_ASSIGN(target.name, tokens_.expect_name());
  if (with_entries && tokens_.skip_op(".")) {
    TRY_ASSIGN(target.entry, tokens_.expect_name());
  }
  return target;
}

Result<Target> ExpressionParser::target(bool with_entries, std::string_view stop) {
  if (++depth_ > kTreeDepthMax) return tokens_.fail("the target is nested too deeply");
  TRY_ASSIGN(Target first, simple_target(with_entries));
  --depth_;
  if (!tokens_.is_op(",")) return first;
  Target all;
  all.tuple = true;
  all.elements.push_back(std::move(first));
  while (tokens_.skip_op(",")) {
    if (tokens_.is_op("=") || tokens_.is_op(")") || tokens_.is(TokenKind::block_end) ||
        (!stop.empty() && tokens_.is_name(stop)))
      break;
    TRY_ASSIGN(all.elements.emplace_back(), simple_target(with_entries));
  }
  return all;
}

}  // namespace mill::jinja
