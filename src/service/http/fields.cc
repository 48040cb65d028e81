#include "service/http/fields.h"

#include <fmt/format.h>

#include <cmath>

namespace mill::http {
namespace {

// The value as the refusal shows it, short.
std::string shown(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "an array" : "an object";
  std::string text = json_text(value);
  if (text.size() > 40)
    text = std::string(value.type_name()) + " of " + std::to_string(text.size()) + " bytes";
  return text;
}

}  // namespace

const Json* Fields::find(const char* name) const {
  const auto at = object_.find(name);
  return at == object_.end() || at->is_null() ? nullptr : &*at;
}

void Fields::refuse(std::string message, std::string param, std::string code) {
  if (!problem_) problem_ = Problem{400, std::move(message), std::move(param), std::move(code)};
}

void Fields::number(const char* name, float& out, double low, double high) {
  const Json* value = find(name);
  if (value == nullptr) return;
  if (value->is_number() && value->get<double>() >= low && value->get<double>() <= high) {
    out = static_cast<float>(value->get<double>());
    return;
  }
  refuse(fmt::format("'{}' must be a number from {} to {}, not {}", name, low, high, shown(*value)),
         name);
}

std::optional<int64_t> Fields::whole(const char* name, int64_t low, int64_t high) {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : NAN;
  // 3.0 is an integer in JSON; 2^63 and more is not one of ours.
  if (number == std::floor(number) && std::abs(number) < 9.2e18) {
    const int64_t integer =
        value->is_number_float() ? static_cast<int64_t>(number) : value->get<int64_t>();
    if (integer >= low && integer <= high) return integer;
  }
  refuse(high == std::numeric_limits<int64_t>::max() || low == std::numeric_limits<int64_t>::min()
             ? fmt::format("'{}' must be an integer of 64 bits, at least {}, not {}", name, low,
                           shown(*value))
             : fmt::format("'{}' must be an integer from {} to {}, not {}", name, low, high,
                           shown(*value)),
         name);
  return std::nullopt;
}

void Fields::flag(const char* name, bool& out) {
  const Json* value = find(name);
  if (value == nullptr) return;
  if (value->is_boolean()) {
    out = value->get<bool>();
  } else {
    refuse(fmt::format("'{}' must be true or false, not {}", name, shown(*value)), name);
  }
}

void Fields::text(const char* name, std::string& out) {
  const Json* value = find(name);
  if (value == nullptr) return;
  if (value->is_string()) {
    out = value->get<std::string>();
  } else {
    refuse(fmt::format("'{}' must be a string, not {}", name, shown(*value)), name);
  }
}

}  // namespace mill::http
