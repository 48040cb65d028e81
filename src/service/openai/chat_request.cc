#include "service/openai/chat_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mill::openai {
namespace {

constexpr int64_t kThoughtsMax = 1 << 30;
constexpr int64_t kDeadlineMax = 86'400'000;  // a day
constexpr float kJoulesLeast = 1e-6F, kJoulesMost = 1e9F;
constexpr size_t kMessagesMax = 10'000;
constexpr std::array kRoles = {"system", "developer", "user", "assistant", "tool", "function"};

// [{"type": "text", "text": "a"}, …] → the texts in order: templates know strings only.
Checked<std::string> joined_parts(const Json& parts, const std::string& place) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string here = fmt::format("{}[{}]", place, i);
    const Json& part = parts[i];
    if (!part.is_object() || !part.contains("type") || !part["type"].is_string())
      return http::refuse(fmt::format("'{}' must be an object with a 'type'", here), here);
    if (part["type"] != "text")
      return http::refuse(fmt::format("'{}' is of type {}; this model reads text only", here,
                                      http::json_text(part["type"])),
                          here + ".type", "unsupported");
    if (!part.contains("text") || !part["text"].is_string())
      return http::refuse(fmt::format("'{}' needs a 'text' that is a string", here),
                          here + ".text");
    text += part["text"].get_ref<const std::string&>();
  }
  return text;
}

Checked<Json> checked_content(const Json& message, const std::string& place) {
  const std::string here = place + ".content";
  const Json content = message.value("content", Json());
  if (content.is_string()) return content;
  if (content.is_array()) return joined_parts(content, here);
  if (content.is_null() && message.contains("tool_calls")) return Json("");
  return http::refuse(fmt::format("'{}' must be a string or an array of text parts", here), here);
}

// Clients send a call's arguments as a string that holds JSON; templates print the object.
Checked<Json> checked_call(const Json& call, const std::string& place) {
  const Json function = call.is_object() ? call.value("function", Json()) : Json();
  if (!function.is_object() || !function.value("name", Json()).is_string())
    return http::refuse(fmt::format("'{}' must have a 'function' with a 'name'", place), place);
  const Json id = call.value("id", Json());
  if (!id.is_null() && !id.is_string())
    return http::refuse(fmt::format("'{}.id' must be a string", place), place + ".id");
  Json out = call;
  Json& arguments = out["function"]["arguments"];
  if (arguments.is_null()) arguments = Json::object();
  if (arguments.is_string()) {
    auto parsed = http::parse_json(arguments.get_ref<const std::string&>());
    arguments = parsed && parsed->is_object() ? std::move(*parsed) : Json::object();
  }
  return out;
}

Checked<void> check_calls(Json& message, const std::string& place) {
  if (!message.contains("tool_calls")) return {};
  const Json calls = message["tool_calls"];
  const std::string here = place + ".tool_calls";
  message.erase("tool_calls");
  if (calls.is_null() || (calls.is_array() && calls.empty())) return {};
  if (!calls.is_array() || message["role"] != "assistant")
    return http::refuse(fmt::format("'{}' must be an array, of an assistant's message", here),
                        here);
  Json checked = Json::array();
  for (size_t i = 0; i < calls.size(); ++i) {
    TRY_ASSIGN(Json call, checked_call(calls[i], fmt::format("{}[{}]", here, i)));
    checked.push_back(std::move(call));
  }
  message["tool_calls"] = std::move(checked);
  return {};
}

Checked<Json> checked_message(const Json& message, const std::string& place) {
  if (!message.is_object())
    return http::refuse(fmt::format("'{}' must be an object", place), place);
  const Json role = message.value("role", Json());
  if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end())
    return http::refuse(fmt::format("'{}.role' must be one of {}", place, fmt::join(kRoles, ", ")),
                        place + ".role");
  if (role == "tool" && !message.value("tool_call_id", Json()).is_string())
    return http::refuse(fmt::format("'{0}' needs a 'tool_call_id', the id of the call", place),
                        place + ".tool_call_id");
  Json out = message;
  if (role == "developer") out["role"] = "system";  // the newer name of the same thing
  TRY_ASSIGN(out["content"], checked_content(message, place));
  TRY(check_calls(out, place));
  return out;
}

void read_tools(Fields& fields, inference::ToolUse& use) {
  const Json* tools = fields.find("tools");
  if (tools == nullptr) return;
  if (!tools->is_array()) return fields.refuse("'tools' must be an array", "tools");
  for (size_t i = 0; i < tools->size(); ++i) {
    const Json& tool = (*tools)[i];
    const std::string place = fmt::format("tools[{}]", i);
    if (!tool.is_object() || tool.value("type", Json()) != "function" ||
        !tool.value("function", Json()).is_object())
      return fields.refuse(
          fmt::format("'{}' must be {{\"type\": \"function\", \"function\": {{\"name\": …}}}}",
                      place),
          place);
    if (const auto added = use.add(tool["function"], place + ".function"); !added)
      return fields.refuse(added.error().message, added.error().param);
  }
}

// "none" | "auto" | "required" | {"type": "function", "function": {"name": …}}
void read_tool_choice(Fields& fields, inference::ToolUse& use) {
  const Json* choice = fields.find("tool_choice");
  if (choice == nullptr) return;
  const Json function = choice->is_object() ? choice->value("function", Json()) : Json();
  const Json name = function.is_object() ? function.value("name", Json()) : Json();
  if (*choice == "none") {
    use.calls = inference::Calls::none;
  } else if (*choice == "required" || name.is_string()) {
    use.calls = inference::Calls::required;
    if (name.is_string()) use.name = name.get<std::string>();
  } else if (*choice != "auto") {
    return fields.refuse(
        "'tool_choice' must be \"none\", \"auto\", \"required\" or {\"type\": \"function\", "
        "\"function\": {\"name\": …}}",
        "tool_choice");
  }
  if (const auto possible = use.check("tool_choice"); !possible)
    fields.refuse(possible.error().message, possible.error().param);
}

void read_template_arguments(Fields& fields, Json& context) {
  const Json* arguments = fields.find("chat_template_kwargs");
  if (arguments == nullptr) return;
  if (!arguments->is_object())
    return fields.refuse("'chat_template_kwargs' must be an object", "chat_template_kwargs");
  for (const auto& [name, value] : arguments->items()) context[name] = value;
}

void read_logprobs(Fields& fields, int& out) {
  bool wanted = false;
  int alternatives = 0;
  fields.flag("logprobs", wanted);
  fields.integer("top_logprobs", alternatives, 0, kAlternativesMax);
  if (alternatives > 0 && !wanted)
    fields.refuse("'top_logprobs' goes with \"logprobs\": true only", "top_logprobs");
  if (wanted) out = alternatives;
}

}  // namespace

Checked<Json> checked_messages(const Json& messages, const char* field) {
  if (!messages.is_array() || messages.empty() || messages.size() > kMessagesMax)
    return http::refuse(
        fmt::format("'{}' must be an array of 1 to {} messages", field, kMessagesMax), field);
  Json out = Json::array();
  for (size_t i = 0; i < messages.size(); ++i) {
    TRY_ASSIGN(Json message, checked_message(messages[i], fmt::format("{}[{}]", field, i)));
    out.push_back(std::move(message));
  }
  return out;
}

void read_effort(Fields& fields, const char* name, inference::Conversation& conversation) {
  static constexpr std::array kEfforts = {"none", "minimal", "low", "medium", "high", "xhigh"};
  const Json* effort = fields.find(name);
  if (effort == nullptr) return;
  if (std::find(kEfforts.begin(), kEfforts.end(), *effort) == kEfforts.end())
    return fields.refuse(fmt::format("'{}' must be one of {}", name, fmt::join(kEfforts, ", ")),
                         name);
  conversation.thinking = *effort != "none";
  conversation.context["reasoning_effort"] = *effort;
}

// "arithmetic", {"type": "json_schema", "schema": {…}}, or {"type": "http", "url": …}
void read_verifier(Fields& fields, llm::VerifierOptions& out) {
  const Json* value = fields.find("verifier");
  if (value == nullptr) return;
  if (value->is_object()) {
    Fields inner(*value);
    inner.text("type", out.name);
    inner.text("url", out.url);
    inner.text("tests", out.tests);
    if (const Json* schema = inner.find("schema")) out.schema = *schema;
  } else if (value->is_string()) {
    out.name = value->get<std::string>();
  }
  if (out.name.empty())
    fields.refuse("'verifier' must be a name, or an object with a 'type'", "verifier");
}

// {"effort": "high"} is OpenRouter's; {"method": "self_consistency", "n": 16, "budget_tokens":
// 4096} are ours.
void read_reasoning(Fields& fields, inference::Conversation& conversation) {
  const Json* value = fields.find("reasoning");
  if (value == nullptr) return;
  if (!value->is_object()) return fields.refuse("'reasoning' must be an object", "reasoning");
  static constexpr std::array kNames = {"effort",        "method",      "n",       "budget_tokens",
                                        "budget_joules", "deadline_ms", "verifier"};
  for (const auto& [name, _] : value->items()) {
    if (std::find(kNames.begin(), kNames.end(), name) == kNames.end())
      return fields.refuse(
          fmt::format("'reasoning.{}' is not known; there are {}", name, fmt::join(kNames, ", ")),
          "reasoning." + name);
  }
  Fields inner(*value);
  read_effort(inner, "effort", conversation);
  inference::Reasoning reasoning;
  inner.text("method", reasoning.search.method);
  inner.integer("n", reasoning.search.n, 1, llm::kPathsMax);
  inner.integer("budget_tokens", reasoning.search.budget_tokens, 1, kThoughtsMax);
  inner.number("budget_joules", reasoning.budget_joules, kJoulesLeast, kJoulesMost);
  inner.integer("deadline_ms", reasoning.deadline_ms, 1, kDeadlineMax);
  read_verifier(inner, reasoning.verifier);
  const bool effort_alone = value->empty() || (value->size() == 1 && value->contains("effort"));
  if (!effort_alone && inner.find("method") == nullptr)
    inner.refuse("all but 'effort' go with a 'method'", "method");
  if (inner.find("method") != nullptr) conversation.reasoning = reasoning;
  if (inner.problem())
    fields.refuse(inner.problem()->message, "reasoning." + inner.problem()->param);
}

Checked<inference::Conversation> parse_chat_request(const Json& body) {
  inference::Conversation request;
  Fields fields(body);
  read_params(fields, request.params);
  read_logprobs(fields, request.params.logprobs);
  refuse_unsupported(fields);
  read_effort(fields, "reasoning_effort", request);
  read_reasoning(fields, request);
  read_template_arguments(fields, request.context);
  if (const Json thinking = request.context.value("enable_thinking", Json()); thinking.is_boolean())
    request.thinking = thinking.get<bool>();
  fields.integer("thinking_token_budget", request.thinking_tokens_max, 1, kThoughtsMax);
  read_tools(fields, request.tools);
  read_tool_choice(fields, request.tools);
  fields.flag("parallel_tool_calls", request.tools.parallel);
  if (fields.problem()) return std::unexpected(*fields.problem());
  TRY_ASSIGN(request.context["messages"],
             checked_messages(body.value("messages", Json()), "messages"));
  return request;
}

}  // namespace mill::openai
