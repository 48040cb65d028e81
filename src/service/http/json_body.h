#pragma once
// JSON from strangers: bounded in depth and in number of values before anything is allocated.

#include <nlohmann/json.hpp>
#include <string_view>

#include "service/http/problem.h"

namespace mill::http {

using Json = nlohmann::ordered_json;  // templates print objects in the order they were sent

struct JsonLimits {
  int depth_max = 64;
  size_t values_max = 2'000'000;  // a value costs some 16 to 100 bytes, however short its text
};

// A refusal names line and column. Invalid UTF-8 is refused; of duplicate keys the last one counts.
Checked<Json> parse_json(std::string_view text, JsonLimits = {});

// parse_json, and the body is an object.
Checked<Json> parse_json_object(std::string_view text);

}  // namespace mill::http
