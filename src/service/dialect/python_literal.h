#pragma once
// A Python call, as some models write them, in JSON.
//
//   call    = dotted "(" [ name "=" value { "," name "=" value } [ "," ] ] ")"
//   value   = string | number | True | False | None | list | tuple | dict
//   string  = '…' or "…" with Python's escapes

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace mill::dialect {

struct PythonCall {
  std::string name;  // without a last ".call"
  nlohmann::ordered_json arguments;
};

std::optional<PythonCall> parse_python_call(std::string_view text);

}  // namespace mill::dialect
