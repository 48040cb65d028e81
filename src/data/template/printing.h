#pragma once
// Values as text: Python's str and repr, and JSON as transformers' tojson writes it.

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "data/template/value.h"

namespace mill::jinja {

class Runtime;

Result<std::string> str(Runtime& runtime, const Value& value);
Result<std::string> repr(Runtime& runtime, const Value& value);
// The shortest digits that read back as the same number: 1.0, 0.1, 1e+16, nan.
std::string real_repr(double value);
// \xHH, \uHHHH or \UHHHHHHHH.
std::string escape_of(char32_t point);
// &, <, >, ' and " as HTML entities.
std::string html_escaped(std::string_view text);

// json.dumps. With an indent each element is on a line of its own.
struct JsonStyle {
  bool ascii = false;                 // ensure_ascii: \uXXXX for all beyond ASCII
  std::optional<std::string> indent;  // for one level
  std::string_view between_items = ", ";
  std::string_view after_key = ": ";
  bool sort_keys = false;
};
Result<std::string> to_json(Runtime& runtime, const Value& value, const JsonStyle& style);

}  // namespace mill::jinja
