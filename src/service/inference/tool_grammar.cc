#include "service/inference/tool_grammar.h"

#include <fmt/format.h>

#include "data/grammar/spec.h"

namespace mill::inference {
namespace {

using grammar::Spec;

Checked<Spec> arguments_of(const Json& function, const Json& schema) {
  if (!schema.contains("type") && !schema.contains("properties")) return grammar::json_object();
  Spec wanted = grammar::json_schema(schema);
  const auto compiled = grammar::compile(wanted);
  if (compiled) return wanted;
  if (function.value("strict", Json()) != true) return grammar::json_object();
  const std::string name = function["name"];
  return http::refuse(fmt::format("The parameters of the strict tool '{}' cannot be kept to: {}",
                                  name, compiled.error().message),
                      "tools");
}

}  // namespace

Checked<grammar::GrammarPtr> call_grammar(const ToolUse& use, const dialect::ToolFormat& format,
                                          const std::string& begun) {
  if (!format.json_arguments) return nullptr;
  const bool named = begun.size() > format.before_name.size();
  std::vector<Spec> calls;
  for (const Json& tool : use.list) {
    const Json& function = tool["function"];
    const std::string name = function["name"];
    const std::string head = name + std::string(format.after_name);
    if (named && begun != std::string(format.before_name) + head) continue;
    TRY_ASSIGN(Spec arguments, arguments_of(function, use.schemas.at(name)));
    std::vector<Spec> parts;
    if (!named) parts.push_back(grammar::literal(head));
    parts.push_back(std::move(arguments));
    if (!format.after_arguments.empty())
      parts.push_back(grammar::literal(std::string(format.after_arguments)));
    calls.push_back(grammar::sequence(std::move(parts)));
  }
  auto compiled = grammar::compile(grammar::choice(std::move(calls)));
  if (compiled) return *compiled;
  return http::refuse(
      fmt::format("The tools together make too large a grammar: {}", compiled.error().message),
      "tools");
}

}  // namespace mill::inference
