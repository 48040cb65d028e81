#include "data/template/predicates.h"

#include <algorithm>

#include "data/template/access.h"
#include "data/template/code_points.h"
#include "data/template/filters.h"
#include "data/template/operators.h"
#include "data/template/printing.h"
#include "data/template/runtime.h"

namespace mill::jinja {
namespace {

// Most tests look at the value alone.
template <bool (*Holds)(const Value&)>
Result<Value> simple(Runtime&, const Value& self, const Bound&) {
  return Value(Holds(self));
}

template <Comparison Op>
Result<Value> comparing(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const bool holds, compare(runtime, Op, self, given[0]));
  return Value(holds);
}

bool is_defined(const Value& v) { return !v.is_undefined(); }
bool is_undefined(const Value& v) { return v.is_undefined(); }
bool is_none(const Value& v) { return v.is_none(); }
bool is_boolean(const Value& v) { return v.as<bool>() != nullptr; }
bool is_true(const Value& v) { return v.as<bool>() != nullptr && *v.as<bool>(); }
bool is_false(const Value& v) { return v.as<bool>() != nullptr && !*v.as<bool>(); }
bool is_integer(const Value& v) { return v.as<std::int64_t>() != nullptr; }
bool is_float(const Value& v) { return v.as<double>() != nullptr; }
bool is_number(const Value& v) { return v.number().has_value(); }
bool is_string(const Value& v) { return v.as<Text>() != nullptr; }
bool is_mapping(const Value& v) { return v.as<Dict>() != nullptr; }
bool is_escaped(const Value& v) { return v.as<Text>() != nullptr && v.as<Text>()->safe; }
bool is_callable(const Value& v) {
  return v.as<Callable>() != nullptr || v.as<Loop>() != nullptr || v.is_undefined();
}
// Has a length and elements by index or key; Undefined has both, being empty.
bool is_sequence(const Value& v) {
  const Sequence* sequence = v.as<Sequence>();
  return v.as<Text>() != nullptr || v.as<Dict>() != nullptr || v.is_undefined() ||
         (sequence != nullptr && sequence->shape != Shape::view);
}
bool is_iterable(const Value& v) { return iterable(v) || v.as<Loop>() != nullptr; }

// All letters with case have this one, and there is one.
template <bool (*Has)(char32_t)>
Result<Value> cased(Runtime& runtime, const Value& self, const Bound&) {
  TRY_ASSIGN(const std::string shown, str(runtime, self));
  bool any = false;
  for (std::size_t at = 0; at < shown.size();) {
    const char32_t point = next_code_point(shown, at);
    if (!is_cased(point)) continue;
    if (!Has(point)) return Value(false);
    any = true;
  }
  return Value(any);
}

template <std::int64_t Rest>
Result<Value> parity(Runtime& runtime, const Value& self, const Bound&) {
  TRY_ASSIGN(const Value rest, binary(runtime, BinaryOperator::mod, self, Value(std::int64_t{2})));
  return Value(rest.number() == static_cast<double>(Rest));
}

Result<Value> divisible_by(Runtime& runtime, const Value& self, const Bound& given) {
  TRY_ASSIGN(const Value rest, binary(runtime, BinaryOperator::mod, self, given[0]));
  return Value(rest.number() == 0.0);
}

Result<Value> same_as(Runtime&, const Value& self, const Bound& given) {
  return Value(identical(self, given[0]));
}

Result<Value> is_filter(Runtime&, const Value& self, const Bound&) {
  return Value(self.as<Text>() != nullptr && find_filter(self.as<Text>()->utf8) != nullptr);
}
Result<Value> is_test(Runtime&, const Value& self, const Bound&) {
  return Value(self.as<Text>() != nullptr && find_predicate(self.as<Text>()->utf8) != nullptr);
}

constexpr Operation kPredicates[] = {
    {"!=", "other", comparing<Comparison::ne>},
    {"<", "other", comparing<Comparison::lt>},
    {"<=", "other", comparing<Comparison::le>},
    {"==", "other", comparing<Comparison::eq>},
    {">", "other", comparing<Comparison::gt>},
    {">=", "other", comparing<Comparison::ge>},
    {"boolean", "", simple<is_boolean>},
    {"callable", "", simple<is_callable>},
    {"defined", "", simple<is_defined>},
    {"divisibleby", "num", divisible_by},
    {"eq", "other", comparing<Comparison::eq>},
    {"equalto", "other", comparing<Comparison::eq>},
    {"escaped", "", simple<is_escaped>},
    {"even", "", parity<0>},
    {"false", "", simple<is_false>},
    {"filter", "", is_filter},
    {"float", "", simple<is_float>},
    {"ge", "other", comparing<Comparison::ge>},
    {"greaterthan", "other", comparing<Comparison::gt>},
    {"gt", "other", comparing<Comparison::gt>},
    {"in", "seq", comparing<Comparison::in>},
    {"integer", "", simple<is_integer>},
    {"iterable", "", simple<is_iterable>},
    {"le", "other", comparing<Comparison::le>},
    {"lessthan", "other", comparing<Comparison::lt>},
    {"lower", "", cased<is_lower>},
    {"lt", "other", comparing<Comparison::lt>},
    {"mapping", "", simple<is_mapping>},
    {"ne", "other", comparing<Comparison::ne>},
    {"none", "", simple<is_none>},
    {"number", "", simple<is_number>},
    {"odd", "", parity<1>},
    {"sameas", "other", same_as},
    {"sequence", "", simple<is_sequence>},
    {"string", "", simple<is_string>},
    {"test", "", is_test},
    {"true", "", simple<is_true>},
    {"undefined", "", simple<is_undefined>},
    {"upper", "", cased<is_upper>},
};

}  // namespace

const Operation* find_predicate(std::string_view name) { return find_row(kPredicates, name); }

}  // namespace mill::jinja
