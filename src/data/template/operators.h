#pragma once
// Python's operators on values.

#include <compare>
#include <cstdint>

#include "base/error.h"
#include "data/template/value.h"

namespace mill::jinja {

class Runtime;

enum class BinaryOperator : std::uint8_t { add, sub, mul, div, floor_div, mod, pow };
enum class Comparison : std::uint8_t { eq, ne, lt, le, gt, ge, in, not_in };

Result<Value> binary(Runtime& runtime, BinaryOperator op, const Value& a, const Value& b);
Result<Value> negated(Runtime& runtime, const Value& value);

Result<bool> compare(Runtime& runtime, Comparison op, const Value& a, const Value& b);
Result<bool> equal(Runtime& runtime, const Value& a, const Value& b);
// `a < b`, or an error where Python has no order between the types.
Result<bool> less(Runtime& runtime, const Value& a, const Value& b);
Result<bool> contains(Runtime& runtime, const Value& container, const Value& item);

}  // namespace mill::jinja
