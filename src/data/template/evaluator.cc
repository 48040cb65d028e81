#include "data/template/evaluator.h"

#include "data/template/access.h"
#include "data/template/globals.h"
#include "data/template/operators.h"
#include "data/template/printing.h"

namespace mill::jinja {

Result<Value> Evaluator::value(const Expression& expression) {
  TRY(runtime_.charge(1));
  const int outer_line = std::exchange(runtime_.line, expression.line);
  if (++runtime_.depth > kEvaluationDepthMax)
    return runtime_.fail("macros, loops or expressions are nested too deeply (limit: {} levels)",
                         kEvaluationDepthMax);
  auto result = std::visit([this](const auto& node) { return evaluate(node); }, expression.node);
  if (!result) return result;
  --runtime_.depth;
  runtime_.line = outer_line;
  return result;
}

Result<Value> Evaluator::value_or_none(const ExpressionPtr& expression) {
  return expression ? value(*expression) : Result<Value>(Value());
}

Result<std::vector<Value>> Evaluator::values(const Expressions& expressions) {
  std::vector<Value> values;
  values.reserve(expressions.size());
  for (const auto& expression : expressions) {
    TRY_ASSIGN(values.emplace_back(), value(*expression));
  }
  return values;
}

Result<Value> Evaluator::evaluate(const Literal& node) { return node.value; }

Result<Value> Evaluator::evaluate(const Name& node) {
  TRY(runtime_.charge(scope_->size() / 32));
  if (const Value* found = scope_->find(node.name)) return *found;
  if (auto global = find_global(node.name)) return *std::move(global);
  return Value::undefined("'" + node.name + "' is undefined");
}

Result<Value> Evaluator::evaluate(const ListExpression& node) {
  TRY_ASSIGN(auto items, values(node.items));
  return runtime_.list(std::move(items), node.shape);
}

Result<Value> Evaluator::evaluate(const DictExpression& node) {
  Dict dict;
  for (const auto& [key_expression, value_expression] : node.items) {
    TRY_ASSIGN(Value key, value(*key_expression));
    TRY_ASSIGN(Value entry, value(*value_expression));
    TRY(runtime_.put(dict, std::move(key), std::move(entry)));
  }
  return runtime_.dict(std::move(dict));
}

Result<Value> Evaluator::evaluate(const Negation& node) {
  TRY_ASSIGN(Value operand, value(*node.operand));
  if (node.minus) return negated(runtime_, operand);
  if (const Undefined* undefined = operand.as<Undefined>())
    return runtime_.fail("{}", undefined->reason);
  if (const auto integer = operand.integer()) return Value(*integer);
  if (operand.as<double>() != nullptr) return operand;
  return runtime_.fail("bad operand type for unary +: '{}'", type_name(operand));
}

Result<Value> Evaluator::evaluate(const BinaryExpression& node) {
  TRY_ASSIGN(const Value left, value(*node.left));
  TRY_ASSIGN(const Value right, value(*node.right));
  return binary(runtime_, node.op, left, right);
}

Result<Value> Evaluator::evaluate(const Logic& node) {
  TRY_ASSIGN(Value left, value(*node.left));
  if (truthy(left) != node.conjunction) return left;
  return value(*node.right);
}

Result<Value> Evaluator::evaluate(const Not& node) {
  TRY_ASSIGN(const Value operand, value(*node.operand));
  return Value(!truthy(operand));
}

Result<Value> Evaluator::evaluate(const CompareExpression& node) {
  TRY_ASSIGN(Value left, value(*node.first));
  for (const auto& [op, expression] : node.rest) {
    TRY_ASSIGN(Value right, value(*expression));
    TRY_ASSIGN(const bool holds, compare(runtime_, op, left, right));
    if (!holds) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Result<Value> Evaluator::evaluate(const Concatenation& node) {
  TRY_ASSIGN(const auto parts, values(node.parts));
  std::string text;
  for (const Value& part : parts) {
    TRY_ASSIGN(const std::string shown, str(runtime_, part));
    TRY(runtime_.expect_bytes(text.size() + shown.size()));
    text += shown;
  }
  return runtime_.text(std::move(text));
}

Result<Value> Evaluator::evaluate(const Conditional& node) {
  TRY_ASSIGN(const Value condition, value(*node.condition));
  if (truthy(condition)) return value(*node.then);
  if (node.otherwise) return value(*node.otherwise);
  return Value::undefined("the inline if was false and has no else");
}

Result<Value> Evaluator::evaluate(const Attribute& node) {
  TRY_ASSIGN(const Value object, value(*node.object));
  if (const auto loop = object.shared<Loop>()) return loop_attribute(loop, node.name);
  return attribute(runtime_, object, node.name);
}

Result<Value> Evaluator::evaluate(const Item& node) {
  TRY_ASSIGN(const Value object, value(*node.object));
  TRY_ASSIGN(const Value key, value(*node.key));
  if (const auto loop = object.shared<Loop>(); loop && key.as<Text>() != nullptr)
    return loop_attribute(loop, key.as<Text>()->utf8);
  return item(runtime_, object, key);
}

Result<Value> Evaluator::evaluate(const Slice& node) {
  TRY_ASSIGN(const Value object, value(*node.object));
  SliceBounds bounds;
  TRY_ASSIGN(bounds.start, value_or_none(node.start));
  TRY_ASSIGN(bounds.stop, value_or_none(node.stop));
  TRY_ASSIGN(bounds.step, value_or_none(node.step));
  return slice(runtime_, object, bounds);
}

Result<Value> Evaluator::evaluate(const FilterExpression& node) {
  Value subject = block_text_;
  if (node.subject) {
    TRY_ASSIGN(subject, value(*node.subject));
  }
  if (node.operation == nullptr) return runtime_.fail("unknown filter '{}'", node.name);
  TRY_ASSIGN(const Arguments given, arguments(node.arguments));
  return apply(runtime_, *node.operation, subject, given);
}

Result<Value> Evaluator::evaluate(const TestExpression& node) {
  TRY_ASSIGN(const Value subject, value(*node.subject));
  if (node.operation == nullptr) return runtime_.fail("unknown test '{}'", node.name);
  TRY_ASSIGN(const Arguments given, arguments(node.arguments));
  return apply(runtime_, *node.operation, subject, given);
}

Result<Value> Evaluator::evaluate(const Call& node) {
  TRY_ASSIGN(const Value callee, value(*node.callee));
  TRY_ASSIGN(Arguments given, arguments(node.arguments));
  return call(callee, std::move(given));
}

}  // namespace mill::jinja
