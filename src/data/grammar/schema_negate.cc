#include <algorithm>
#include <array>

#include "data/grammar/schema_expand.h"

namespace mill::grammar {
namespace {

// One keyword of a schema at a time: a schema fails where one of its keywords does.
class Negation {
 public:
  Negation(SchemaSource& source, const Json* schema) : source_(source), schema_(schema) {}

  void run() {
    for (const auto& [keyword, value] : schema_->items()) {
      if (keyword == "type") not_type(value);
      if (keyword == "enum" && value.is_array()) one({{kExcluded, value}});
      if (keyword == "const") one({{kExcluded, Json::array({value})}});
      if (keyword == "required" && value.is_array()) not_required(value);
      if (keyword == "properties" && value.is_object()) not_properties(value);
      if (keyword == "pattern") one({{"type", "string"}, {kNotPattern, value}});
      if (keyword == "not") any.push_back({{&value}});
      if (keyword == "allOf" && value.is_array()) not_all(value);
      if ((keyword == "anyOf" || keyword == "oneOf") && value.is_array()) not_any(value);
      not_limit(keyword, value);
      not_count(keyword, value);
      if (is_left_out(keyword)) complete = false;
    }
  }

  std::vector<Conjunction> any;
  bool complete = true;

 private:
  void one(Json schema) { any.push_back({{source_.make(std::move(schema), schema_)}}); }

  void not_type(const Json& value) {
    uint8_t bits = 0;
    const Json list = value.is_array() ? value : Json::array({value});
    for (const Json& name : list)
      if (name.is_string()) bits |= type_bits(name.get_ref<const std::string&>());
    Json others = Json::array();
    for (const char* name :
         {"null", "boolean", "integer", kFractionName, "string", "array", "object"})
      if ((type_bits(name) & bits) == 0) others.push_back(name);
    if (!others.empty()) one({{"type", std::move(others)}});
  }

  void not_required(const Json& names) {
    for (const Json& name : names) {
      if (!name.is_string()) continue;
      Json absent = Json::object({{name.get<std::string>(), false}});
      one({{"type", "object"}, {"properties", std::move(absent)}});
    }
  }

  // The property is there, and does not meet its schema.
  void not_properties(const Json& properties) {
    for (const auto& [name, schema] : properties.items()) {
      if (schema == true || (schema.is_object() && schema.empty())) continue;
      source_.numbered.push_back(&schema);
      const Json inner = Json::object({{kNot, source_.numbered.size() - 1}});
      Json fails = Json::object();
      fails["type"] = "object";
      fails["required"] = Json::array({name});
      fails["properties"] = Json::object({{name, inner}});
      const Json* made = source_.make(std::move(fails), schema_);
      const Json& property = (*made)["properties"].begin().value();
      source_.is_made_up.emplace(&property, true);
      source_.index.place(&property, &schema);
      any.push_back({{made}});
    }
  }

  void not_all(const Json& list) {
    for (const Json& schema : list) any.push_back({{&schema, true}});
  }

  // None of them holds. (For oneOf, two that hold would do, too; no need to go that way.)
  void not_any(const Json& list) {
    Conjunction all;
    for (const Json& schema : list) all.push_back({&schema, true});
    any.push_back(std::move(all));
  }

  void not_limit(const std::string& keyword, const Json& value) {
    constexpr std::array<std::pair<const char*, const char*>, 4> kOpposite = {
        {{"minimum", "exclusiveMaximum"},
         {"maximum", "exclusiveMinimum"},
         {"exclusiveMinimum", "maximum"},
         {"exclusiveMaximum", "minimum"}}};
    for (const auto& [name, opposite] : kOpposite)
      if (keyword == name && value.is_number()) one({{"type", "number"}, {opposite, value}});
  }

  void not_count(const std::string& keyword, const Json& value) {
    struct Row {
      const char* least;
      const char* most;
      const char* type;
    };
    constexpr std::array<Row, 3> kRows = {Row{"minLength", "maxLength", "string"},
                                          Row{"minItems", "maxItems", "array"},
                                          Row{"minProperties", "maxProperties", "object"}};
    if (!value.is_number_integer()) return;
    const auto count = value.get<int64_t>();
    for (const Row& row : kRows) {
      if (keyword == row.least && count > 0) one({{"type", row.type}, {row.most, count - 1}});
      if (keyword == row.most && count >= 0) one({{"type", row.type}, {row.least, count + 1}});
    }
  }

  static bool is_left_out(const std::string& keyword) {
    constexpr std::array<const char*, 18> kLeftOut = {"additionalProperties",
                                                      "patternProperties",
                                                      "propertyNames",
                                                      "items",
                                                      "prefixItems",
                                                      "additionalItems",
                                                      "contains",
                                                      "uniqueItems",
                                                      "format",
                                                      "multipleOf",
                                                      "if",
                                                      "dependencies",
                                                      "dependentRequired",
                                                      "dependentSchemas",
                                                      "unevaluatedProperties",
                                                      "unevaluatedItems",
                                                      "$dynamicRef",
                                                      "$recursiveRef"};
    return std::ranges::find(kLeftOut, keyword) != kLeftOut.end();
  }

  SchemaSource& source_;
  const Json* schema_;
};

}  // namespace

std::vector<Conjunction> negation_of(SchemaSource& source, const Json* schema, bool& complete) {
  static const Json kTrue = true;
  if (schema->is_boolean()) {
    if (schema->get<bool>()) return {};
    return {{{&kTrue}}};
  }
  if (!schema->is_object()) return {};
  Negation negation(source, schema);
  negation.run();
  complete = complete && negation.complete;
  // A made-up schema's own words: what was excluded is one of these, and the like.
  if (source.made(schema)) complete = false;
  return std::move(negation.any);
}

}  // namespace mill::grammar
