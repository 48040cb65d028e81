#include "service/http/json_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace mill::http {
namespace {

struct Extent {
  int depth = 0;
  size_t values = 0;
  size_t keys = 0;            // of the largest object
  uint64_t keys_squared = 0;  // summed over the objects
};

// Upper bounds by brackets and commas outside of strings; right for every valid text. Deeper than
// `depth_max`, where nothing is going to be parsed, only the depth is right.
Extent measure(std::string_view text, int depth_max) {
  Extent extent;
  int depth = 0;
  std::vector<size_t> commas(static_cast<size_t>(depth_max) + 1, 0);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
      continue;
    }
    const bool inside = depth >= 0 && depth <= depth_max;
    if (c == '"') quoted = true;
    if (c == ',' && inside) ++commas[static_cast<size_t>(depth)];
    if (c == '}' && inside) {
      const size_t keys = commas[static_cast<size_t>(depth)] + 1;
      extent.keys = std::max(extent.keys, keys);
      extent.keys_squared += keys * keys;
    }
    if (c == '[' || c == '{') extent.depth = std::max(extent.depth, ++depth);
    if ((c == '[' || c == '{') && depth >= 0 && depth <= depth_max)
      commas[static_cast<size_t>(depth)] = 0;
    if (c == ']' || c == '}') --depth;
    if (c == '[' || c == '{' || c == ',') ++extent.values;
  }
  return extent;
}

// `byte` counts from 1, as nlohmann-json tells it: the last one that was read.
std::string place_of(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte > 0 ? byte - 1 : 0, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t newline = before.rfind('\n');
  const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  return fmt::format("line {}, column {}", line, before.size() - start + 1);
}

// "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while parsing
// value - unexpected end of input" → "unexpected end of input"
// "[json.exception.out_of_range.406] number overflow parsing '1e999'" → what follows the bracket
std::string reason_of(const std::string& what) {
  const size_t dash = what.find(" - ");
  if (dash != std::string::npos) return what.substr(dash + 3);
  const size_t code = what.find("] ");
  return code == std::string::npos ? what : what.substr(code + 2);
}

}  // namespace

Checked<Json> parse_json(std::string_view text, JsonLimits limits) {
  const Extent extent = measure(text, limits.depth_max);
  if (extent.depth > limits.depth_max)
    return refuse(fmt::format("The body's JSON is nested {} deep; at most {} is accepted",
                              extent.depth, limits.depth_max));
  if (extent.values > limits.values_max)
    return refuse(fmt::format("The body's JSON has about {} values; at most {} are accepted",
                              extent.values, limits.values_max));
  if (extent.keys_squared > kKeysMax * kKeysMax)
    return refuse(
        fmt::format("The body's JSON has an object of about {} keys; at most {} in one "
                    "object, or fewer in several, are accepted",
                    extent.keys, kKeysMax));
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    return refuse(fmt::format("The body is not valid JSON: {}: {}", place_of(text, error.byte),
                              reason_of(error.what())));
  } catch (const nlohmann::json::exception& error) {  // a number beyond double's range
    return refuse(fmt::format("The body is not valid JSON: {}", reason_of(error.what())));
  }
}

Checked<Json> parse_json_object(std::string_view text) {
  auto value = parse_json(text);
  if (value && !value->is_object())
    return refuse(fmt::format("The body must be a JSON object, not {}", value->type_name()));
  return value;
}

}  // namespace mill::http
