#include <charconv>
#include <cmath>

#include "data/template/access.h"
#include "data/template/code_points.h"
#include "data/template/filter_functions.h"
#include "data/template/numbers.h"
#include "data/template/operators.h"
#include "data/template/runtime.h"

namespace mill::jinja {

Result<Value> filter_abs(Runtime& runtime, const Value& self, const Bound&) {
  if (self.as<double>() != nullptr) return Value(std::fabs(*self.as<double>()));
  const auto integer = self.integer();
  if (!integer) return runtime.fail("bad operand type for abs(): '{}'", type_name(self));
  return *integer < 0 ? negated(runtime, self) : Result<Value>(Value(*integer));
}

Result<Value> filter_float(Runtime& runtime, const Value& self, const Bound& given) {
  if (const Undefined* undefined = self.as<Undefined>())
    return runtime.fail("{}", undefined->reason);
  if (const auto number = self.number()) return Value(*number);
  if (const Text* text = self.as<Text>())
    if (const auto number = real_from_text(text->utf8)) return Value(*number);
  return given.has(0) ? given[0] : Value(0.0);
}

namespace {

std::optional<std::int64_t> truncated(double value) {
  if (!(std::fabs(value) < 9.2e18)) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace

Result<Value> filter_int(Runtime& runtime, const Value& self, const Bound& given) {
  if (const Undefined* undefined = self.as<Undefined>())
    return runtime.fail("{}", undefined->reason);
  std::optional<std::int64_t> found = self.integer();
  if (const Text* text = self.as<Text>()) {
    found = integer_from_text(text->utf8, given.has(1) ? given[1].integer().value_or(10) : 10);
    if (const auto real = found ? std::nullopt : real_from_text(text->utf8))
      found = truncated(*real);
  }
  if (const double* real = self.as<double>()) found = truncated(*real);
  if (found) return Value(*found);
  return given.has(0) ? given[0] : Value(std::int64_t{0});
}

namespace {

Result<Value> rounded_integer(Runtime& runtime, std::int64_t value, std::int64_t precision) {
  if (precision >= 0) return Value(value);
  if (precision < -18) return Value(std::int64_t{0});
  std::int64_t unit = 1;
  for (std::int64_t i = 0; i > precision; --i) unit *= 10;
  std::int64_t rest = value % unit;
  if (rest < 0) rest += unit;
  const std::int64_t down = value - rest;  // half goes to the even neighbour
  const bool up = rest > unit - rest || (rest == unit - rest && (down / unit) % 2 != 0);
  return binary(runtime, BinaryOperator::add, Value(down), Value(up ? unit : 0));
}

// Correctly rounded, half to even, as Python's round: by way of the decimal digits.
double rounded(double value, std::int64_t precision) {
  if (!std::isfinite(value) || precision > 300) return value;
  if (precision < -308) return 0.0 * value;
  if (precision < 0) {
    const double unit = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(value / unit) * unit;
  }
  const std::string digits = fmt::format("{:.{}f}", value, precision);
  double result = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), result);
  return result;
}

}  // namespace

Result<Value> filter_round(Runtime& runtime, const Value& self, const Bound& given) {
  const auto number = self.number();
  if (!number) return runtime.fail("cannot round a value of type {}", type_name(self));
  std::int64_t precision = 0;
  if (given.has(0)) {
    TRY_ASSIGN(precision, integer_argument(runtime, given[0], "precision"));
  }
  const std::string_view method = given.has(1) && given[1].as<Text>()
                                      ? std::string_view(given[1].as<Text>()->utf8)
                                  : given.has(1) ? ""
                                                 : "common";
  if (method == "common") {
    if (const auto integer = self.integer()) return rounded_integer(runtime, *integer, precision);
    return Value(rounded(*number, precision));
  }
  if (method != "ceil" && method != "floor")
    return runtime.fail("round's method must be common, ceil or floor");
  const double unit = std::pow(10.0, static_cast<double>(precision));
  const double scaled = *number * unit;
  const double whole = method == "ceil" ? std::ceil(scaled) : std::floor(scaled);
  if (!std::isfinite(whole)) return runtime.fail("{} is out of range to round", *number);
  return Value(whole / unit);
}

Result<Value> filter_sum(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const auto items, elements(runtime, self));
  Value total = given.has(1) ? given[1] : Value(std::int64_t{0});
  if (total.as<Text>() != nullptr) return runtime.fail("sum() can't sum strings");
  for (const Value& element : items->items) {
    TRY_ASSIGN(const Value part, path(runtime, element, given[0]));
    TRY_ASSIGN(total, binary(runtime, BinaryOperator::add, total, part));
  }
  return total;
}

}  // namespace mill::jinja
