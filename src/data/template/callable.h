#pragma once
// What a template can call or apply: filters, tests, methods and functions are rows of tables, each
// an Operation; macros are bodies of the template.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/template/value.h"

namespace mill::jinja {

class Runtime;
class Scope;
struct ForStatement;
struct MacroStatement;

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

// Arguments in the order of an operation's parameters.
class Bound {
 public:
  explicit Bound(std::vector<std::optional<Value>> values) : values_(std::move(values)) {}
  bool has(std::size_t i) const { return values_[i].has_value(); }
  // Given and not none: Python's usual `x=None`.
  bool some(std::size_t i) const { return !(*this)[i].is_none(); }
  const Value& operator[](std::size_t i) const {
    const std::optional<Value>& value = values_[i];
    return value ? *value : none_;
  }
  bool flag(std::size_t i, bool otherwise) const { return has(i) ? truthy((*this)[i]) : otherwise; }

 private:
  std::vector<std::optional<Value>> values_;
  Value none_;
};

// A row. `parameters` lists names with spaces between; "name?" may be left out, and a leading "/"
// means by position only. An operation with `run_any` takes whatever it is given.
struct Operation {
  using Run = Result<Value> (*)(Runtime&, const Value& self, const Bound&);
  using RunAny = Result<Value> (*)(Runtime&, const Value& self, const Arguments&);

  std::string_view name;
  std::string_view parameters;
  Run run = nullptr;
  RunAny run_any = nullptr;
};

Result<Value> apply(Runtime& runtime, const Operation& operation, const Value& self,
                    const Arguments& arguments);

template <std::size_t N>
const Operation* find_row(const Operation (&table)[N], std::string_view name) {
  for (const Operation& row : table)
    if (row.name == name) return &row;
  return nullptr;
}

// An operation with its subject ("abc".upper), or a macro with the scope that it was made in.
struct Callable {
  const Operation* operation = nullptr;
  Value self;
  const MacroStatement* macro = nullptr;
  Ptr<Scope> scope;
};

// A running for loop; `loop` in its body. Elements that the loop's `if` refuses are skipped as
// the loop comes to them, so the position runs through the source and index0 through the rest.
struct Loop {
  Value source;
  std::size_t position = 0;
  std::optional<Value> after;  // looked at already, not yet current
  Value before, current;
  std::int64_t index0 = -1;
  std::int64_t depth0 = 0;
  std::optional<std::string> last_changed;
  std::vector<Value> rest;  // what `length` had to read ahead
  std::size_t rest_position = 0;
  std::optional<std::int64_t> length;
  const ForStatement* statement = nullptr;
  Ptr<Scope> scope;
};

}  // namespace mill::jinja
