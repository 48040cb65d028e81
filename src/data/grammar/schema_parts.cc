#include "data/grammar/schema_parts.h"

#include <array>
#include <cmath>

namespace mill::grammar {

const Json* SchemaSource::make(Json schema, const Json* instead_of) {
  made_up.push_back(std::move(schema));
  const Json* out = &made_up.back();
  is_made_up.emplace(out, true);
  index.place(out, instead_of);
  return out;
}

const Json* member(const Json& schema, const char* name) {
  if (!schema.is_object()) return nullptr;
  const auto at = schema.find(name);
  return at == schema.end() ? nullptr : &*at;
}

uint8_t type_bits(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, uint8_t>, 8> kTypes = {
      {{"null", kNull},
       {"boolean", kBoolean},
       {"integer", kInteger},
       {"number", kNumber},
       {"string", kString},
       {"array", kArray},
       {"object", kObject},
       {kFractionName, kFraction}}};
  for (const auto& [known, bits] : kTypes)
    if (known == name) return bits;
  return 0;
}

uint8_t type_of(const Json& value) {
  if (value.is_null()) return kNull;
  if (value.is_boolean()) return kBoolean;
  if (value.is_number_integer()) return kInteger;
  if (value.is_number_float()) {
    const double number = value.get<double>();
    return std::trunc(number) == number ? kInteger : kFraction;
  }
  if (value.is_string()) return kString;
  return value.is_array() ? kArray : kObject;
}

bool same_value(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return a == b;
  if (a.type() != b.type()) return false;
  if (a.is_array()) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
      if (!same_value(a[i], b[i])) return false;
    return true;
  }
  if (!a.is_object()) return a == b;
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.items()) {
    const auto other = b.find(key);
    if (other == b.end() || !same_value(value, *other)) return false;
  }
  return true;
}

}  // namespace mill::grammar
