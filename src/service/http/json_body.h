#pragma once
// JSON from strangers: bounded in depth and in numbers of values and keys before anything is
// allocated.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "service/http/problem.h"

namespace mill::http {

using Json = nlohmann::ordered_json;  // templates print objects in the order they were sent

struct JsonLimits {
  int depth_max = 64;
  size_t values_max = 2'000'000;  // a value costs some 16 to 100 bytes, however short its text
};

// An object compares each new key with all before it, so that the squares of the numbers of keys
// are bounded, in sum over the objects: 10,000 keys in one, or fewer in several (some 0.1 s).
inline constexpr uint64_t kKeysMax = 10'000;

// A refusal names line and column. Invalid UTF-8 is refused; of duplicate keys the last one counts.
Checked<Json> parse_json(std::string_view text, JsonLimits = {});

// parse_json, and the body is an object.
Checked<Json> parse_json_object(std::string_view text);

}  // namespace mill::http
