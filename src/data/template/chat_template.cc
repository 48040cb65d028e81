#include "data/template/chat_template.h"

#include "data/template/ast.h"
#include "data/template/evaluator.h"
#include "data/template/runtime.h"
#include "data/template/statement_parser.h"

namespace mill {

struct ChatTemplate::Program {
  jinja::Body body;
};

Result<ChatTemplate> ChatTemplate::compile(std::string_view source) {
  auto program = std::make_shared<Program>();
  TRY_ASSIGN(program->body, jinja::parse(source));
  ChatTemplate compiled;
  compiled.program_ = std::move(program);
  return compiled;
}

namespace {

using nlohmann::ordered_json;

Result<jinja::Value> from_json(jinja::Runtime& runtime, const ordered_json& json, int depth);

Result<jinja::Value> from_object(jinja::Runtime& runtime, const ordered_json& json, int depth) {
  jinja::Dict dict;
  for (const auto& [key, entry] : json.items()) {
    TRY_ASSIGN(jinja::Value value, from_json(runtime, entry, depth + 1));
    TRY(runtime.put(dict, jinja::Value::text(key), std::move(value)));
  }
  return runtime.dict(std::move(dict));
}

Result<jinja::Value> from_array(jinja::Runtime& runtime, const ordered_json& json, int depth) {
  std::vector<jinja::Value> items;
  for (const ordered_json& entry : json) {
    TRY_ASSIGN(items.emplace_back(), from_json(runtime, entry, depth + 1));
  }
  return runtime.list(std::move(items));
}

Result<jinja::Value> from_json(jinja::Runtime& runtime, const ordered_json& json, int depth) {
  if (depth >= jinja::kValueDepthMax)
    return fail(ErrorKind::invalid,
                "the messages or tools are nested too deeply (limit: {} levels)",
                jinja::kValueDepthMax);
  switch (json.type()) {
    case ordered_json::value_t::boolean:
      return jinja::Value(json.get<bool>());
    case ordered_json::value_t::number_integer:
      return jinja::Value(json.get<std::int64_t>());
    case ordered_json::value_t::number_unsigned:
      // Python's integers have no bound; beyond 63 bits ours become floats.
      if (json.get<std::uint64_t>() > INT64_MAX) return jinja::Value(json.get<double>());
      return jinja::Value(json.get<std::int64_t>());
    case ordered_json::value_t::number_float:
      return jinja::Value(json.get<double>());
    case ordered_json::value_t::string:
      return runtime.text(json.get_ref<const std::string&>());
    case ordered_json::value_t::array:
      return from_array(runtime, json, depth);
    case ordered_json::value_t::object:
      return from_object(runtime, json, depth);
    default:
      return jinja::Value();
  }
}

std::tm local_now() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return local;
}

}  // namespace

Result<std::string> ChatTemplate::render(const ordered_json& context) const {
  return render(context, local_now());
}

Result<std::string> ChatTemplate::render(const ordered_json& context, const std::tm& now) const {
  jinja::Runtime runtime(now);
  const auto scope = std::make_shared<jinja::Scope>();
  if (!context.is_object())
    return fail(ErrorKind::invalid, "a chat template needs an object with messages, not {}",
                context.type_name());
  for (auto item = context.begin(); item != context.end(); ++item) {
    TRY_ASSIGN(jinja::Value value, from_json(runtime, item.value(), 1));
    scope->set(item.key(), std::move(value));
  }
  return jinja::Evaluator(runtime, scope).render(program_->body);
}

}  // namespace mill
