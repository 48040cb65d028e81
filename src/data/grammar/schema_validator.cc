#include "data/grammar/schema_validator.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "data/grammar/formats.h"
#include "data/grammar/text.h"

namespace mill::grammar {
namespace {

constexpr int kDepthMax = 300;

Result<std::u32string> codes_of(const std::string& text) { return decoded(text); }

bool has_type(const Json& said, const Json* schema, const Json& value) {
  uint8_t bits = 0;
  const Json list = said.is_array() ? said : Json::array({said});
  for (const Json& name : list)
    if (name.is_string()) bits |= type_bits(name.get_ref<const std::string&>());
  const Json* nullable = member(*schema, "nullable");
  if (nullable && *nullable == true) bits |= kNull;
  return (bits & type_of(value)) != 0;
}

}  // namespace

// A value that is itself one of the list's need not be looked for: long enums stay linear.
Result<bool> Validator::is_among(const Json& list, const Json& value) {
  if (!list.is_array() || list.empty()) return false;
  const std::less_equal<const Json*> before;
  if (before(&list.front(), &value) && before(&value, &list.back())) return true;
  source_.effort.spend(list.size());
  TRY(source_.effort.check());
  return std::ranges::any_of(list, [&](const Json& one) { return same_value(one, value); });
}

Result<const Automaton*> PatternCache::search(const std::string& pattern) {
  if (const auto known = known_.find(pattern); known != known_.end()) return &known->second;
  TRY_ASSIGN(const PatternPtr parsed, parse_pattern(pattern));
  Languages languages(effort_);
  TRY_ASSIGN(Automaton automaton, languages.automaton(languages.search(*parsed)));
  return &known_.emplace(pattern, std::move(automaton)).first->second;
}

Result<bool> Validator::valid(const Json* schema, const Json& value) {
  if (schema->is_boolean()) return schema->get<bool>();
  if (!schema->is_object())
    return source_.index.refuse(schema, ErrorKind::invalid, "a schema must be an object");
  source_.effort.spend(1 + schema->size());
  TRY(source_.effort.check());
  if (++depth_ > kDepthMax)
    return source_.index.refuse(schema, ErrorKind::exhausted, "the schema leads in a circle");
  bool all = true;
  for (const auto& [name, said] : schema->items()) {
    TRY_ASSIGN(all, keyword(name, said, schema, value));
    if (!all) break;
  }
  --depth_;
  return all;
}

Result<bool> Validator::keyword(const std::string& name, const Json& said, const Json* schema,
                                const Json& value) {
  if (name == "type") return has_type(said, schema, value);
  if (name == "enum") return is_among(said, value);
  if (name == "const") return same_value(said, value);
  if (source_.made(schema) && name == kExcluded) {
    TRY_ASSIGN(const bool among, is_among(said, value));
    return !among;
  }
  if (value.is_number()) {
    TRY_ASSIGN(const bool fits, number(name, said, schema, value.get<double>()));
    if (!fits) return false;
  }
  if (value.is_string()) {
    auto fits = text(name, said, value.get_ref<const std::string&>());
    if (!fits) return within(source_.index.path_of(schema), fits.error());
    if (!*fits) return false;
  }
  if (value.is_array()) {
    TRY_ASSIGN(const bool fits, array(name, said, schema, value));
    if (!fits) return false;
  }
  if (value.is_object()) {
    TRY_ASSIGN(const bool fits, object(name, said, schema, value));
    if (!fits) return false;
  }
  return combined(name, said, schema, value);
}

Result<bool> Validator::combined(const std::string& name, const Json& said, const Json* schema,
                                 const Json& value) {
  if ((name == "$ref" || name == "$recursiveRef" || name == "$dynamicRef") && said.is_string()) {
    TRY_ASSIGN(const Json* target, source_.index.resolve(schema, said.get<std::string>()));
    return valid(target, value);
  }
  if (name == "allOf" || name == "anyOf" || name == "oneOf") {
    TRY_ASSIGN(const size_t met, how_many(said, value));
    return name == "allOf" ? met == said.size() : name == "anyOf" ? met > 0 : met == 1;
  }
  if (name == "not" || (name == kNot && source_.made(schema))) {
    const Json* inner = name == "not" ? &said : source_.numbered[said.get<size_t>()];
    TRY_ASSIGN(const bool met, valid(inner, value));
    return !met;
  }
  if (name != "if") return true;
  TRY_ASSIGN(const bool met, valid(&said, value));
  const Json* then = member(*schema, met ? "then" : "else");
  return then == nullptr ? Result<bool>(true) : valid(then, value);
}

Result<size_t> Validator::how_many(const Json& schemas, const Json& value) {
  size_t met = 0;
  for (const Json& schema : schemas) {
    TRY_ASSIGN(const bool fits, valid(&schema, value));
    met += fits;
  }
  return met;
}

Result<bool> Validator::number(const std::string& name, const Json& said, const Json* schema,
                               double value) {
  if (name == "format" && said == "int32")
    return value == std::trunc(value) && std::abs(value) <= 2147483647.0;
  if (name == "format" && said == "int64") return value == std::trunc(value);
  if (!said.is_number()) return true;
  const double limit = said.get<double>();
  if (name == "minimum") {
    const Json* exclusive = member(*schema, "exclusiveMinimum");
    return exclusive && *exclusive == true ? value > limit : value >= limit;
  }
  if (name == "maximum") {
    const Json* exclusive = member(*schema, "exclusiveMaximum");
    return exclusive && *exclusive == true ? value < limit : value <= limit;
  }
  if (name == "exclusiveMinimum") return value > limit;
  if (name == "exclusiveMaximum") return value < limit;
  if (name == "multipleOf") return value / limit == std::round(value / limit);
  return true;
}

Result<bool> Validator::text(const std::string& name, const Json& said, const std::string& value) {
  if (name != "minLength" && name != "maxLength" && name != "pattern" && name != "format" &&
      name != kNotPattern)
    return true;
  TRY_ASSIGN(const std::u32string codes, codes_of(value));
  if (name == "minLength") return static_cast<double>(codes.size()) >= said.get<double>();
  if (name == "maxLength") return static_cast<double>(codes.size()) <= said.get<double>();
  std::string pattern = said.get<std::string>();
  if (name == "format") pattern = format_pattern(pattern);
  if (name == "format" && pattern.empty()) return true;
  TRY_ASSIGN(const Automaton* automaton, patterns_.search(pattern));
  return automaton->accepts(codes) != (name == kNotPattern);
}

Result<bool> Validator::array(const std::string& name, const Json& said, const Json* schema,
                              const Json& value) {
  const auto size = static_cast<double>(value.size());
  if (name == "minItems") return size >= said.get<double>();
  if (name == "maxItems") return size <= said.get<double>();
  if (name == "uniqueItems" && said == true) {
    for (size_t i = 0; i < value.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (same_value(value[i], value[j])) return false;
    return true;
  }
  if (name == "contains") {
    for (const Json& item : value) {
      TRY_ASSIGN(const bool fits, valid(&said, item));
      if (fits) return true;
    }
    return false;
  }
  if (name != "items" && name != "prefixItems" && name != "additionalItems") return true;
  const Json* prefix = member(*schema, "prefixItems");
  const Json* items = member(*schema, "items");
  const bool old = prefix == nullptr && items != nullptr && items->is_array();
  const Json* first = old ? items : prefix;
  const Json* rest = old ? member(*schema, "additionalItems") : items;
  for (size_t i = 0; i < value.size(); ++i) {
    const Json* of = first != nullptr && i < first->size() ? &(*first)[i] : rest;
    if (of == nullptr) continue;
    TRY_ASSIGN(const bool fits, valid(of, value[i]));
    if (!fits) return false;
  }
  return true;
}

Result<bool> Validator::object(const std::string& name, const Json& said, const Json* schema,
                               const Json& value) {
  const auto size = static_cast<double>(value.size());
  if (name == "minProperties") return size >= said.get<double>();
  if (name == "maxProperties") return size <= said.get<double>();
  if (name == "required" && said.is_array())
    return std::ranges::all_of(said, [&](const Json& key) {
      return key.is_string() && value.contains(key.get_ref<const std::string&>());
    });
  if (name == "properties" || name == "patternProperties" || name == "additionalProperties")
    return member_values(schema, value);
  if (name.starts_with("dependen") && said.is_object()) return dependencies(said, value);
  if (name != "propertyNames") return true;
  for (const auto& [key, unused] : value.items()) {
    TRY_ASSIGN(const bool fits, valid(&said, Json(key)));
    if (!fits) return false;
  }
  return true;
}

Result<bool> Validator::member_values(const Json* schema, const Json& value) {
  const Json* properties = member(*schema, "properties");
  const Json* patterns = member(*schema, "patternProperties");
  const Json* more = member(*schema, "additionalProperties");
  for (const auto& [key, one] : value.items()) {
    std::vector<const Json*> meet;
    if (const Json* known = properties ? member(*properties, key.c_str()) : nullptr)
      meet.push_back(known);
    TRY_ASSIGN(const std::u32string codes, codes_of(key));
    if (patterns != nullptr)
      for (const auto& [pattern, inner] : patterns->items()) {
        TRY_ASSIGN(const Automaton* found, patterns_.search(pattern));
        if (found->accepts(codes)) meet.push_back(&inner);
      }
    if (meet.empty() && more != nullptr) meet.push_back(more);
    for (const Json* inner : meet) {
      TRY_ASSIGN(const bool fits, valid(inner, one));
      if (!fits) return false;
    }
  }
  return true;
}

Result<bool> Validator::dependencies(const Json& said, const Json& value) {
  for (const auto& [key, entailed] : said.items()) {
    if (!value.contains(key)) continue;
    bool met = true;
    if (entailed.is_array()) {
      for (const Json& other : entailed)
        met = met && other.is_string() && value.contains(other.get<std::string>());
    } else {
      TRY_ASSIGN(met, valid(&entailed, value));
    }
    if (!met) return false;
  }
  return true;
}

}  // namespace mill::grammar
