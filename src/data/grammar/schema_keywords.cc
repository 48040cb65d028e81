// The keywords of JSON Schema, one row each, and what they say to a leaf. A keyword that has no row
// says nothing about which values are valid (title, description, default, examples, deprecated,
// readOnly, contentEncoding, $comment, x-…, and every unknown word, as the standard has it).

#include "data/grammar/formats.h"
#include "data/grammar/schema_expand.h"

namespace mill::grammar {

const std::vector<Expander::Row>& Expander::rows() {
  static const std::vector<Row> kRows = {
      {"$ref", &Expander::read_ref},
      {"$recursiveRef", &Expander::read_ref},
      {"$dynamicRef", &Expander::read_ref},
      {"type", &Expander::read_type},
      {"enum", &Expander::read_enum},
      {"const", &Expander::read_const},
      {kExcluded, &Expander::read_excluded},
      {"allOf", &Expander::read_all_of},
      {"anyOf", &Expander::read_any_of},
      {"oneOf", &Expander::read_one_of},
      {"not", &Expander::read_not},
      {kNot, &Expander::read_numbered_not},
      {"if", &Expander::read_if},
      {"dependencies", &Expander::read_dependencies},
      {"dependentRequired", &Expander::read_dependencies},
      {"dependentSchemas", &Expander::read_dependencies},
      {"pattern", &Expander::read_pattern},
      {kNotPattern, &Expander::read_not_pattern},
      {"format", &Expander::read_format},
      {"minLength", &Expander::read_min_length},
      {"maxLength", &Expander::read_max_length},
      {"multipleOf", &Expander::read_multiple},
      {"minimum", &Expander::read_minimum},
      {"maximum", &Expander::read_maximum},
      {"exclusiveMinimum", &Expander::read_exclusive_minimum},
      {"exclusiveMaximum", &Expander::read_exclusive_maximum},
      {"items", &Expander::read_array_part},
      {"prefixItems", &Expander::read_array_part},
      {"additionalItems", &Expander::read_array_part},
      {"minItems", &Expander::read_min_items},
      {"maxItems", &Expander::read_max_items},
      {"contains", &Expander::read_contains},
      {"uniqueItems", &Expander::read_unique},
      {"unevaluatedItems", &Expander::refuse_keyword},
      {"properties", &Expander::read_object_part},
      {"patternProperties", &Expander::read_object_part},
      {"additionalProperties", &Expander::read_object_part},
      {"required", &Expander::read_required},
      {"minProperties", &Expander::read_min_properties},
      {"maxProperties", &Expander::read_max_properties},
      {"propertyNames", &Expander::read_property_names},
      {"unevaluatedProperties", &Expander::read_unevaluated},
  };
  return kRows;
}

Result<void> Expander::refuse_keyword(Way&, const Json& value, const Json* schema) {
  if (value.is_boolean() && value.get<bool>()) return {};
  return source_.index.refuse(&value == schema ? schema : &value, ErrorKind::unsupported,
                              "this keyword is not supported");
}

Result<void> Expander::read_type(Way& way, const Json& value, const Json* schema) {
  uint8_t bits = 0;
  const Json list = value.is_array() ? value : Json::array({value});
  for (const Json& name : list) {
    const uint8_t bit = name.is_string() ? type_bits(name.get_ref<const std::string&>()) : 0;
    if (bit == 0)
      return source_.index.refuse(schema, ErrorKind::invalid, "'type' has {}, which is no type",
                                  name.dump(-1, ' ', false, Json::error_handler_t::replace));
    bits |= bit;
  }
  const Json* nullable = member(*schema, "nullable");
  if (nullable && *nullable == true) bits |= kNull;
  way.leaf.types &= bits;
  return {};
}

Result<void> Expander::read_enum(Way& way, const Json& value, const Json* schema) {
  if (!value.is_array())
    return source_.index.refuse(schema, ErrorKind::invalid, "'enum' must be an array");
  if (way.leaf.values) return {};  // of two lists one is enough: finish() tries each condition
  way.leaf.values.emplace();
  for (const Json& one : value) way.leaf.values->push_back(&one);
  return {};
}

Result<void> Expander::read_const(Way& way, const Json& value, const Json*) {
  way.leaf.values = std::vector<const Json*>{&value};
  return {};
}

Result<void> Expander::read_excluded(Way& way, const Json& value, const Json*) {
  for (const Json& one : value) way.leaf.excluded.push_back(&one);
  return {};
}

Result<void> Expander::read_pattern(Way& way, const Json& value, const Json* schema) {
  if (!value.is_string())
    return source_.index.refuse(schema, ErrorKind::invalid, "'pattern' must be a string");
  way.leaf.patterns.push_back({&value, schema});
  return {};
}

Result<void> Expander::read_not_pattern(Way& way, const Json& value, const Json* schema) {
  way.leaf.patterns.push_back({&value, schema, true});
  return {};
}

Result<void> Expander::read_format(Way& way, const Json& value, const Json* schema) {
  if (!value.is_string())
    return source_.index.refuse(schema, ErrorKind::invalid, "'format' must be a string");
  const auto& name = value.get_ref<const std::string&>();
  if (name == "int32") {
    static const Json kLeast = -2147483648LL, kMost = 2147483647LL;
    if ((way.leaf.types & kNumber) != 0) way.leaf.types &= static_cast<uint8_t>(~kFraction);
    way.leaf.least.push_back({&kLeast});
    way.leaf.most.push_back({&kMost});
  } else if (name == "int64") {
    way.leaf.types &= static_cast<uint8_t>(~kFraction);
  } else if (!format_pattern(name).empty()) {
    way.leaf.formats.push_back({&value, schema});
  }
  return {};
}

Result<void> Expander::read_multiple(Way& way, const Json& value, const Json* schema) {
  TRY(number(value, schema));
  way.leaf.multiples.push_back({&value, schema});
  return {};
}

// Draft 4 has a boolean beside the limit.
Result<void> Expander::read_minimum(Way& way, const Json& value, const Json* schema) {
  TRY(number(value, schema));
  const Json* exclusive = member(*schema, "exclusiveMinimum");
  way.leaf.least.push_back({&value, exclusive && *exclusive == true});
  return {};
}

Result<void> Expander::read_maximum(Way& way, const Json& value, const Json* schema) {
  TRY(number(value, schema));
  const Json* exclusive = member(*schema, "exclusiveMaximum");
  way.leaf.most.push_back({&value, exclusive && *exclusive == true});
  return {};
}

Result<void> Expander::read_exclusive_minimum(Way& way, const Json& value, const Json* schema) {
  if (value.is_boolean()) return {};
  TRY(number(value, schema));
  way.leaf.least.push_back({&value, true});
  return {};
}

Result<void> Expander::read_exclusive_maximum(Way& way, const Json& value, const Json* schema) {
  if (value.is_boolean()) return {};
  TRY(number(value, schema));
  way.leaf.most.push_back({&value, true});
  return {};
}

namespace {

void at_least(CountRange& range, uint64_t count) { range.min = std::max(range.min, count); }
void at_most(CountRange& range, uint64_t count) { range.max = std::min(range.max, count); }
void drop_if_empty(uint8_t& types, const CountRange& range, uint8_t type) {
  if (range.empty()) types &= static_cast<uint8_t>(~type);
}

}  // namespace

Result<void> Expander::read_min_length(Way& way, const Json& value, const Json* schema) {
  TRY_ASSIGN(const uint64_t n, count(value, schema));
  at_least(way.leaf.length, n);
  drop_if_empty(way.leaf.types, way.leaf.length, kString);
  return {};
}

Result<void> Expander::read_max_length(Way& way, const Json& value, const Json* schema) {
  TRY_ASSIGN(const uint64_t n, count(value, schema));
  at_most(way.leaf.length, n);
  drop_if_empty(way.leaf.types, way.leaf.length, kString);
  return {};
}

Result<void> Expander::read_min_items(Way& way, const Json& value, const Json* schema) {
  TRY_ASSIGN(const uint64_t n, count(value, schema));
  at_least(way.leaf.items, n);
  drop_if_empty(way.leaf.types, way.leaf.items, kArray);
  return {};
}

Result<void> Expander::read_max_items(Way& way, const Json& value, const Json* schema) {
  TRY_ASSIGN(const uint64_t n, count(value, schema));
  at_most(way.leaf.items, n);
  drop_if_empty(way.leaf.types, way.leaf.items, kArray);
  return {};
}

Result<void> Expander::read_min_properties(Way& way, const Json& value, const Json* schema) {
  TRY_ASSIGN(const uint64_t n, count(value, schema));
  at_least(way.leaf.properties, n);
  drop_if_empty(way.leaf.types, way.leaf.properties, kObject);
  return {};
}

Result<void> Expander::read_max_properties(Way& way, const Json& value, const Json* schema) {
  TRY_ASSIGN(const uint64_t n, count(value, schema));
  at_most(way.leaf.properties, n);
  drop_if_empty(way.leaf.types, way.leaf.properties, kObject);
  return {};
}

Result<void> Expander::read_array_part(Way& way, const Json&, const Json* schema) {
  if (std::ranges::find(way.leaf.arrays, schema) == way.leaf.arrays.end())
    way.leaf.arrays.push_back(schema);
  return {};
}

Result<void> Expander::read_contains(Way& way, const Json& value, const Json* schema) {
  const Json* least = member(*schema, "minContains");
  if (member(*schema, "maxContains") != nullptr || (least && *least != 1 && *least != 0))
    return source_.index.refuse(schema, ErrorKind::unsupported,
                                "'minContains' above 1 and 'maxContains' are not supported");
  if (least && *least == 0) return {};
  way.leaf.contains.push_back({&value, schema});
  at_least(way.leaf.items, way.leaf.contains.size());
  drop_if_empty(way.leaf.types, way.leaf.items, kArray);
  return {};
}

Result<void> Expander::read_unique(Way& way, const Json& value, const Json* schema) {
  if (value == true) way.leaf.unique = schema;
  return {};
}

Result<void> Expander::read_object_part(Way& way, const Json& value, const Json* schema) {
  if (!value.is_object() && !value.is_boolean())
    return source_.index.refuse(&value, ErrorKind::invalid, "this must be an object");
  if (std::ranges::find(way.leaf.objects, schema) == way.leaf.objects.end())
    way.leaf.objects.push_back(schema);
  return {};
}

// Draft 3's boolean stands in the property itself; later drafts do not know it there.
Result<void> Expander::read_required(Way& way, const Json& value, const Json* schema) {
  if (!value.is_array())
    return source_.index.refuse(schema, ErrorKind::invalid, "'required' must be an array");
  for (const Json& name : value) {
    if (!name.is_string())
      return source_.index.refuse(schema, ErrorKind::invalid, "'required' must be of strings");
    const auto& text = name.get_ref<const std::string&>();
    if (std::ranges::find(way.leaf.required, text) == way.leaf.required.end())
      way.leaf.required.push_back(text);
  }
  return {};
}

Result<void> Expander::read_property_names(Way& way, const Json& value, const Json* schema) {
  way.leaf.names.push_back({&value, schema});
  return {};
}

Result<void> Expander::read_unevaluated(Way& way, const Json& value, const Json* schema) {
  if (value == true) return {};
  if (value != false)
    return source_.index.refuse(schema, ErrorKind::unsupported,
                                "'unevaluatedProperties' may be true or false only");
  way.leaf.closed = schema;
  return {};
}

Result<uint64_t> Expander::count(const Json& value, const Json* schema) const {
  const double number = value.is_number() ? value.get<double>() : -1;
  if (!(number >= 0) || number != std::floor(number))
    return source_.index.refuse(schema, ErrorKind::invalid, "a count must be an integer from 0");
  return static_cast<uint64_t>(std::min(number, 1e15));  // nothing is that long
}

Result<void> Expander::number(const Json& value, const Json* schema) const {
  if (!value.is_number())
    return source_.index.refuse(schema, ErrorKind::invalid, "a limit must be a number");
  return {};
}

}  // namespace mill::grammar
