#pragma once
// Sorting values by keys that may fail to compare.

#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/template/value.h"

namespace mill::jinja {

class Runtime;

struct Keyed {
  Value key, value;
};

// Marks the list that sort_key makes of several attributes.
inline constexpr std::string_view kSortKeyTitle = "sort key";

// jinja2 orders text without regard to case unless asked.
Result<Value> case_folded(Runtime& runtime, Value key);

// Pairs each value with key_of(value).
template <class KeyOf>
Result<std::vector<Keyed>> keyed(Runtime& runtime, const std::vector<Value>& values, bool any_case,
                                 KeyOf key_of) {
  std::vector<Keyed> rows;
  rows.reserve(values.size());
  for (const Value& value : values) {
    TRY_ASSIGN(Value key, key_of(value));
    if (any_case) {
      TRY_ASSIGN(key, case_folded(runtime, std::move(key)));
    }
    rows.push_back({std::move(key), value});
  }
  return rows;
}

// The key for |sort(attribute="a,b.c"): all the parts in a list; without attribute the value.
Result<Value> sort_key(Runtime& runtime, const Value& value, const Value& attributes);

// Stable; `reverse` keeps the order of equals, as Python's sorted does.
Result<void> sort(Runtime& runtime, std::vector<Keyed>& rows, bool reverse);
std::vector<Value> values_of(std::vector<Keyed> rows);

}  // namespace mill::jinja
