#include "data/grammar/notation.h"

#include "data/grammar/code_set.h"

namespace mill::grammar {
namespace {

using Json = nlohmann::ordered_json;

const Json* member_of(const Json& schema, const std::string& name) {
  if (!schema.is_object()) return nullptr;
  const auto at = schema.find(name);
  return at == schema.end() ? nullptr : &*at;
}

}  // namespace

const Json* argument_schema(const Json& schema, const std::string& name) {
  const Json* properties = name.empty() ? nullptr : member_of(schema, "properties");
  const Json* found = properties == nullptr ? nullptr : member_of(*properties, name);
  return found != nullptr ? found : member_of(schema, "additionalProperties");
}

bool is_bare_argument(const Json& schema, const std::string& name) {
  const Json* found = argument_schema(schema, name);
  const Json* type = found == nullptr ? nullptr : member_of(*found, "type");
  return type != nullptr && *type == "string";
}

std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string python_text(const Json& value, char quote) {
  if (value.is_null()) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_string())
    return quote +
           spelled(value.get_ref<const std::string&>(),
                   quote == '"' ? Spelling::json : Spelling::single) +
           quote;
  if (!value.is_structured()) return json_text(value);
  std::string out;
  for (const auto& [key, item] : value.items()) {
    if (!out.empty()) out += ", ";
    if (value.is_object()) out += python_text(Json(key), quote) + ": ";
    out += python_text(item, quote);
  }
  return value.is_object() ? "{" + out + "}" : "[" + out + "]";
}

}  // namespace mill::grammar
