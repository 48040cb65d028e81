#include "data/template/operators.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "data/template/access.h"
#include "data/template/formatting.h"
#include "data/template/printing.h"
#include "data/template/runtime.h"

namespace mill::jinja {
namespace {

constexpr std::string_view kSigns[] = {"+", "-", "*", "/", "//", "%", "**"};

std::string_view sign(BinaryOperator op) { return kSigns[static_cast<std::size_t>(op)]; }

// Python: the quotient rounds down, the remainder has the divisor's sign.
std::int64_t floor_quotient(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a % b < 0) != (b < 0));
}
double floor_remainder(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

// Integers overflow here where Python's grow.
std::optional<std::int64_t> power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) return std::nullopt;
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) return std::nullopt;
  }
  return result;
}

// The integer result, or nothing where it does not fit 64 bits. Division has b ≠ 0, pow b ≥ 0.
std::optional<std::int64_t> integer_result(BinaryOperator op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case BinaryOperator::add:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case BinaryOperator::sub:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case BinaryOperator::mul:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case BinaryOperator::pow:
      return power(a, b);
    default:
      if (b == -1) return integer_result(BinaryOperator::sub, 0, op == BinaryOperator::mod ? 0 : a);
      result = op == BinaryOperator::mod ? a - floor_quotient(a, b) * b : floor_quotient(a, b);
  }
  return overflow ? std::nullopt : std::optional(result);
}

double real_result(BinaryOperator op, double a, double b) {
  switch (op) {
    case BinaryOperator::add:
      return a + b;
    case BinaryOperator::sub:
      return a - b;
    case BinaryOperator::mul:
      return a * b;
    case BinaryOperator::div:
      return a / b;
    case BinaryOperator::floor_div:
      return std::floor(a / b);
    case BinaryOperator::mod:
      return floor_remainder(a, b);
    case BinaryOperator::pow:
      return std::pow(a, b);
  }
  return 0;
}

Result<Value> arithmetic(Runtime& runtime, BinaryOperator op, const Value& a, const Value& b) {
  const double x = *a.number(), y = *b.number();
  const bool divides = op == BinaryOperator::div || op == BinaryOperator::floor_div ||
                       op == BinaryOperator::mod || (op == BinaryOperator::pow && x == 0 && y < 0);
  if (divides && (op == BinaryOperator::pow || y == 0)) return runtime.fail("division by zero");
  const auto i = a.integer(), j = b.integer();
  const bool whole = i && j && op != BinaryOperator::div && !(op == BinaryOperator::pow && *j < 0);
  if (whole) {
    if (const auto result = integer_result(op, *i, *j)) return Value(*result);
    return runtime.fail("the result of {} {} {} does not fit 64 bits", *i, sign(op), *j);
  }
  const double result = real_result(op, x, y);
  if (op == BinaryOperator::pow && (std::isnan(result) || std::isinf(result)) && std::isfinite(x))
    return runtime.fail("{} ** {} is out of range", x, y);
  return Value(result);
}

Result<Value> repeated(Runtime& runtime, const Value& value, std::int64_t times) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
  if (count > kWorkMax) return runtime.fail("{} repetitions are too many", count);
  if (const Text* text = value.as<Text>()) {
    TRY(runtime.expect_bytes(text->utf8.size() * count));
    std::string result;
    result.reserve(text->utf8.size() * count);
    for (std::size_t i = 0; i < count; ++i) result += text->utf8;
    return runtime.text(std::move(result), text->safe);
  }
  const Sequence& sequence = *value.as<Sequence>();
  TRY(runtime.expect_items(sequence.items.size() * count));
  std::vector<Value> items;
  items.reserve(sequence.items.size() * count);
  for (std::size_t i = 0; i < count; ++i)
    items.insert(items.end(), sequence.items.begin(), sequence.items.end());
  return runtime.list(std::move(items), sequence.shape);
}

Result<Value> joined(Runtime& runtime, const Text& a, const Text& b) {
  const bool safe = a.safe || b.safe;
  TRY(runtime.charge_bytes(a.utf8.size() + b.utf8.size()));
  if (!safe || a.safe == b.safe) return runtime.text(a.utf8 + b.utf8, safe);
  return runtime.text(a.safe ? a.utf8 + html_escaped(b.utf8) : html_escaped(a.utf8) + b.utf8, true);
}

// Only lists and tuples have + and *: ranges and views have not.
const Sequence* listed(const Value& value) {
  const Sequence* sequence = value.as<Sequence>();
  const bool has =
      sequence != nullptr && (sequence->shape == Shape::list || sequence->shape == Shape::tuple);
  return has ? sequence : nullptr;
}

Result<Value> concatenated(Runtime& runtime, const Sequence& a, const Sequence& b) {
  TRY(runtime.expect_items(a.items.size() + b.items.size()));
  std::vector<Value> items = a.items;
  items.insert(items.end(), b.items.begin(), b.items.end());
  return runtime.list(std::move(items), a.shape);
}

}  // namespace

Result<Value> binary(Runtime& runtime, BinaryOperator op, const Value& a, const Value& b) {
  for (const Value* value : {&a, &b})
    if (const Undefined* undefined = value->as<Undefined>())
      return runtime.fail("{}", undefined->reason);
  const Text* text = a.as<Text>();
  if (op == BinaryOperator::mod && text != nullptr) return percent_format(runtime, *text, b);
  if (a.number() && b.number()) return arithmetic(runtime, op, a, b);
  if (op == BinaryOperator::add && text != nullptr && b.as<Text>() != nullptr)
    return joined(runtime, *text, *b.as<Text>());
  const Sequence* left = listed(a);
  const Sequence* right = listed(b);
  if (op == BinaryOperator::add && left != nullptr && right != nullptr &&
      left->shape == right->shape)
    return concatenated(runtime, *left, *right);
  if (op == BinaryOperator::mul) {
    if ((text != nullptr || left != nullptr) && b.integer())
      return repeated(runtime, a, *b.integer());
    if ((b.as<Text>() != nullptr || right != nullptr) && a.integer())
      return repeated(runtime, b, *a.integer());
  }
  return runtime.fail("unsupported operand type(s) for {}: '{}' and '{}'", sign(op), type_name(a),
                      type_name(b));
}

Result<Value> negated(Runtime& runtime, const Value& value) {
  if (const Undefined* undefined = value.as<Undefined>())
    return runtime.fail("{}", undefined->reason);
  if (const auto integer = value.integer())
    return binary(runtime, BinaryOperator::sub, Value(std::int64_t{0}), value);
  if (const double* real = value.as<double>()) return Value(-*real);
  return runtime.fail("bad operand type for unary -: '{}'", type_name(value));
}

namespace {

Result<bool> equal_items(Runtime& runtime, const Sequence& a, const Sequence& b) {
  if (a.shape != b.shape || a.shape == Shape::view || a.items.size() != b.items.size())
    return false;
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    TRY_ASSIGN(const bool same, equal(runtime, a.items[i], b.items[i]));
    if (!same) return false;
  }
  return true;
}

Result<bool> equal_items(Runtime& runtime, const Dict& a, const Dict& b) {
  if (a.items().size() != b.items().size()) return false;
  for (const auto& [key, value] : a.items()) {
    TRY(runtime.charge(b.search_steps()));
    const Value* other = b.find(key);
    if (other == nullptr) return false;
    TRY_ASSIGN(const bool same, equal(runtime, value, *other));
    if (!same) return false;
  }
  return true;
}

std::partial_ordering number_order(const Value& a, const Value& b) {
  if (const auto i = a.integer(), j = b.integer(); i && j) return *i <=> *j;
  return *a.number() <=> *b.number();
}

}  // namespace

Result<bool> equal(Runtime& runtime, const Value& a, const Value& b) {
  TRY(runtime.charge(1));
  if (a.number() && b.number()) return number_order(a, b) == 0;
  if (a.as<Text>() != nullptr && b.as<Text>() != nullptr) {
    TRY(runtime.charge_bytes(a.as<Text>()->utf8.size()));
    return a.as<Text>()->utf8 == b.as<Text>()->utf8;
  }
  if (a.is_undefined() && b.is_undefined()) return true;
  if (identical(a, b)) return true;
  if (a.as<Sequence>() != nullptr && b.as<Sequence>() != nullptr)
    return equal_items(runtime, *a.as<Sequence>(), *b.as<Sequence>());
  if (a.as<Dict>() != nullptr && b.as<Dict>() != nullptr)
    return equal_items(runtime, *a.as<Dict>(), *b.as<Dict>());
  return false;
}

namespace {

Result<std::partial_ordering> order(Runtime& runtime, Comparison op, const Value& a,
                                    const Value& b) {
  static constexpr std::string_view kComparisons[] = {"==", "!=", "<", "<=", ">", ">="};
  TRY(runtime.charge(1));
  for (const Value* value : {&a, &b})
    if (const Undefined* undefined = value->as<Undefined>())
      return runtime.fail("{}", undefined->reason);
  if (a.number() && b.number()) return number_order(a, b);
  if (a.as<Text>() != nullptr && b.as<Text>() != nullptr) {
    TRY(runtime.charge_bytes(a.as<Text>()->utf8.size()));
    return a.as<Text>()->utf8 <=> b.as<Text>()->utf8;
  }
  const Sequence* left = listed(a);
  const Sequence* right = listed(b);
  if (left == nullptr || right == nullptr || left->shape != right->shape)
    return runtime.fail("'{}' not supported between instances of '{}' and '{}'",
                        kComparisons[static_cast<std::size_t>(op)], type_name(a), type_name(b));
  for (std::size_t i = 0; i < std::min(left->items.size(), right->items.size()); ++i) {
    TRY_ASSIGN(const bool same, equal(runtime, left->items[i], right->items[i]));
    if (!same) return order(runtime, op, left->items[i], right->items[i]);
  }
  return left->items.size() <=> right->items.size();
}

}  // namespace

Result<bool> less(Runtime& runtime, const Value& a, const Value& b) {
  return compare(runtime, Comparison::lt, a, b);
}

Result<bool> compare(Runtime& runtime, Comparison op, const Value& a, const Value& b) {
  if (op == Comparison::in || op == Comparison::not_in) {
    TRY_ASSIGN(const bool found, contains(runtime, b, a));
    return found == (op == Comparison::in);
  }
  if (op == Comparison::eq || op == Comparison::ne) {
    TRY_ASSIGN(const bool same, equal(runtime, a, b));
    return same == (op == Comparison::eq);
  }
  TRY_ASSIGN(const std::partial_ordering found, order(runtime, op, a, b));
  switch (op) {
    case Comparison::lt:
      return found < 0;
    case Comparison::le:
      return found <= 0;
    case Comparison::gt:
      return found > 0;
    default:
      return found >= 0;
  }
}

Result<bool> contains(Runtime& runtime, const Value& container, const Value& item) {
  if (const Text* text = container.as<Text>()) {
    const Text* part = item.as<Text>();
    if (part == nullptr)
      return runtime.fail("'in <string>' requires string as left operand, not {}", type_name(item));
    TRY(runtime.charge_bytes(text->utf8.size()));
    return text->utf8.find(part->utf8) != std::string::npos;
  }
  if (const Dict* dict = container.as<Dict>()) {
    TRY(runtime.check_key(item));
    TRY(runtime.charge(dict->search_steps()));
    return dict->find(item) != nullptr;
  }
  TRY_ASSIGN(const auto sequence, elements(runtime, container));
  for (const Value& element : sequence->items) {
    TRY_ASSIGN(const bool same, equal(runtime, element, item));
    if (same) return true;
  }
  return false;
}

}  // namespace mill::jinja
