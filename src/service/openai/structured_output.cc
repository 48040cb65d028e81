#include "service/openai/structured_output.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace mill::openai {
namespace {

using grammar::Spec;

constexpr size_t kChoicesListMax = 10'000;

// What one field's value means; nothing where it is of the wrong kind, which is told.
using Reader = std::optional<Spec> (*)(Fields&, const Json& value, const std::string& field);

std::optional<Spec> wrong(Fields& fields, const std::string& field, const char* what) {
  fields.refuse(fmt::format("'{}' must be {}", field, what), field);
  return std::nullopt;
}

// vLLM takes schemas as objects or as their text.
std::optional<Spec> read_schema(Fields& fields, const Json& value, const std::string& field) {
  if (value.is_object() || value.is_boolean()) return grammar::json_schema(value);
  if (value.is_string()) {
    const auto parsed = http::parse_json(value.get_ref<const std::string&>());
    if (parsed && (parsed->is_object() || parsed->is_boolean()))
      return grammar::json_schema(*parsed);
    if (!parsed) {
      fields.refuse(fmt::format("'{}': {}", field, parsed.error().message), field);
      return std::nullopt;
    }
  }
  return wrong(fields, field, "a JSON Schema: an object, or the text of one");
}

std::optional<Spec> read_object(Fields& fields, const Json& value, const std::string& field) {
  if (value != true) return wrong(fields, field, "true, or left out");
  return grammar::json_object();
}

std::optional<Spec> read_regex(Fields& fields, const Json& value, const std::string& field) {
  if (!value.is_string()) return wrong(fields, field, "a regular expression in a string");
  return grammar::regex(value.get<std::string>());
}

std::optional<Spec> read_ebnf(Fields& fields, const Json& value, const std::string& field) {
  if (!value.is_string()) return wrong(fields, field, "a grammar in a string");
  return grammar::ebnf(value.get<std::string>());
}

std::optional<Spec> read_choice(Fields& fields, const Json& value, const std::string& field) {
  if (!value.is_array() || value.empty() || value.size() > kChoicesListMax)
    return wrong(fields, field, "an array of 1 to 10000 strings");
  std::vector<std::string> texts;
  for (const Json& one : value) {
    if (!one.is_string()) return wrong(fields, field, "an array of strings");
    texts.push_back(one.get<std::string>());
  }
  return grammar::choice(texts);
}

struct Row {
  const char* name;
  Reader read;
};
constexpr std::array<Row, 6> kFields = {
    Row{"guided_json", read_schema},   Row{"guided_regex", read_regex},
    Row{"guided_choice", read_choice}, Row{"guided_grammar", read_ebnf},
    Row{"json_schema", read_schema},   Row{"grammar", read_ebnf}};
constexpr std::array<Row, 5> kKinds = {Row{"json", read_schema}, Row{"json_object", read_object},
                                       Row{"regex", read_regex}, Row{"choice", read_choice},
                                       Row{"grammar", read_ebnf}};

class Reading {
 public:
  explicit Reading(Fields& fields) : fields_(fields) {}

  std::optional<inference::Structure> run() {
    read_format();
    if (const Json* value = fields_.find("structured_outputs")) read_kinds(*value);
    for (const Row& row : kFields)
      if (const Json* value = fields_.find(row.name)) take(row.name, row.read, *value);
    return std::move(found_);
  }

 private:
  void read_format() {
    const Json* format = fields_.find("response_format");
    if (format == nullptr) return;
    const Json type = format->is_object() ? format->value("type", Json()) : Json();
    if (type == "text") return;
    if (type == "json_object") {
      found_ = {grammar::json_object(), "response_format"};
    } else if (type == "json_schema") {
      read_named_schema(format->value("json_schema", Json()));
    } else {
      fields_.refuse(
          "'response_format' must have the type \"text\", \"json_object\" or \"json_schema\"",
          "response_format");
    }
  }

  void read_named_schema(const Json& named) {
    constexpr const char* kField = "response_format.json_schema.schema";
    if (!named.is_object() || !named.contains("schema"))
      return fields_.refuse(fmt::format("'{}' is missing", kField), kField);
    take(kField, read_schema, named["schema"]);
  }

  void read_kinds(const Json& value) {
    if (!value.is_object())
      return fields_.refuse("'structured_outputs' must be an object", "structured_outputs");
    bool any = false;
    for (const Row& row : kKinds) {
      const auto at = value.find(row.name);
      if (at == value.end() || at->is_null()) continue;
      any = true;
      take(fmt::format("structured_outputs.{}", row.name), row.read, *at);
    }
    if (!any)
      fields_.refuse(
          "'structured_outputs' must have one of json, json_object, regex, choice and grammar",
          "structured_outputs");
  }

  void take(const std::string& field, Reader read, const Json& value) {
    if (found_)
      return fields_.refuse(fmt::format("'{}' and '{}' cannot both be kept to; send one of them",
                                        found_->field, field),
                            field);
    if (auto spec = read(fields_, value, field)) found_ = {std::move(*spec), field};
  }

  Fields& fields_;
  std::optional<inference::Structure> found_;
};

}  // namespace

std::optional<inference::Structure> read_structured_output(Fields& fields) {
  return Reading(fields).run();
}

}  // namespace mill::openai
