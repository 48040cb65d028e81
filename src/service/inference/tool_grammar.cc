#include "service/inference/tool_grammar.h"

#include <fmt/format.h>

#include <optional>

#include "data/grammar/spec.h"

namespace mill::inference {
namespace {

using grammar::Spec;

constexpr uint32_t kCallsMax = 128;  // in one answer

// Any arguments, of which those are bare texts that whoever reads them takes for such.
Json loosened(const Json& schema) {
  static const Json kText = {{"type", "string"}}, kAny = Json::object();
  Json out = Json::object();
  if (schema.contains("properties") && schema["properties"].is_object())
    for (const auto& [name, said] : schema["properties"].items())
      out["properties"][name] = grammar::is_bare_argument(schema, name) ? kText : kAny;
  if (grammar::is_bare_argument(schema, "")) out["additionalProperties"] = kText;
  return out;
}

Checked<Spec> arguments_of(const Json& function, const Json& schema, grammar::Notation notation) {
  Spec wanted = grammar::arguments(schema, notation);
  const auto compiled = grammar::compile(wanted);
  if (compiled) return wanted;
  if (function.value("strict", Json()) != true)
    return grammar::arguments(loosened(schema), notation);
  const std::string name = function["name"];
  return http::refuse(fmt::format("The parameters of the strict tool '{}' cannot be kept to: {}",
                                  name, compiled.error().message),
                      "tools");
}

struct Call {
  std::string name;
  Spec arguments;
};

// From the name, or from behind what is begun of the call; nothing if another one is begun.
std::optional<Spec> rest_of(const Call& call, const dialect::ToolFormat& format,
                            std::string_view begun) {
  const std::string head = call.name + std::string(format.after_name);
  if (!begun.empty() && begun != head) return std::nullopt;
  return grammar::sequence({grammar::literal(begun.empty() ? head : ""), call.arguments,
                            grammar::literal(std::string(format.after_arguments))});
}

}  // namespace

Checked<grammar::GrammarPtr> call_grammar(const ToolUse& use, const dialect::ToolFormat& format,
                                          const std::string& begun) {
  std::vector<Spec> first, further;
  const std::string_view rest = std::string_view(begun).substr(format.before_name.size());
  for (const Json& tool : use.list) {
    const Json& function = tool["function"];
    const std::string name = function["name"];
    TRY_ASSIGN(Spec arguments, arguments_of(function, use.schemas.at(name), format.notation));
    const Call call{.name = name, .arguments = std::move(arguments)};
    if (auto spec = rest_of(call, format, rest)) first.push_back(std::move(*spec));
    further.push_back(*rest_of(call, format, ""));
  }
  Spec calls = grammar::choice(std::move(first));
  if (use.parallel && use.name.empty()) {
    const Spec next = grammar::sequence(
        {grammar::literal(std::string(format.next)), grammar::choice(std::move(further))});
    calls = grammar::sequence({std::move(calls), grammar::repeated(next, 0, kCallsMax - 1),
                               grammar::choice({std::string(format.ending), ""})});
  }
  auto compiled = grammar::compile(calls);
  if (compiled) return *compiled;
  return http::refuse(
      fmt::format("The tools together make too large a grammar: {}", compiled.error().message),
      "tools");
}

}  // namespace mill::inference
