#include "service/openai/chat_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mill::openai {
namespace {

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
void unpack_arguments(Json& message) {
  if (!message.contains("tool_calls") || !message["tool_calls"].is_array()) return;
  for (Json& call : message["tool_calls"]) {
    if (!call.is_object() || !call.contains("function") || !call["function"].is_object()) continue;
    Json& function = call["function"];
    if (!function.contains("arguments") || !function["arguments"].is_string()) continue;
    auto arguments = http::parse_json(function["arguments"].get_ref<const std::string&>());
    if (arguments && arguments->is_object()) function["arguments"] = std::move(*arguments);
  }
}

Checked<Json> checked_message(const Json& message, const std::string& place) {
  if (!message.is_object())
    return http::refuse(fmt::format("'{}' must be an object", place), place);
  const Json role = message.value("role", Json());
  if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end())
    return http::refuse(fmt::format("'{}.role' must be one of {}", place, fmt::join(kRoles, ", ")),
                        place + ".role");
  Json out = message;
  if (role == "developer") out["role"] = "system";  // the newer name of the same thing
  TRY_ASSIGN(out["content"], checked_content(message, place));
  unpack_arguments(out);
  return out;
}

Checked<Json> checked_messages(const Json& body) {
  const Json messages = body.value("messages", Json());
  if (!messages.is_array() || messages.empty() || messages.size() > kMessagesMax)
    return http::refuse(
        fmt::format("'messages' must be an array of 1 to {} messages", kMessagesMax), "messages");
  Json out = Json::array();
  for (size_t i = 0; i < messages.size(); ++i) {
    TRY_ASSIGN(Json message, checked_message(messages[i], fmt::format("messages[{}]", i)));
    out.push_back(std::move(message));
  }
  return out;
}

// Tools go to the template as they are; whether it knows them is its matter.
void read_tools(Fields& fields, Json& context) {
  const Json* tools = fields.find("tools");
  if (tools == nullptr) return;
  if (!tools->is_array()) return fields.refuse("'tools' must be an array", "tools");
  for (size_t i = 0; i < tools->size(); ++i) {
    const Json& tool = (*tools)[i];
    const std::string place = fmt::format("tools[{}]", i);
    if (!tool.is_object() || tool.value("type", Json()) != "function" ||
        !tool.value("function", Json()).is_object() ||
        !tool["function"].value("name", Json()).is_string())
      return fields.refuse(
          fmt::format("'{}' must be {{\"type\": \"function\", \"function\": {{\"name\": …}}}}",
                      place),
          place);
  }
  const Json* choice = fields.find("tool_choice");
  if (!tools->empty() && (choice == nullptr || *choice != "none")) context["tools"] = *tools;
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

Checked<ChatRequest> parse_chat_request(const Json& body) {
  ChatRequest request;
  Fields fields(body);
  read_params(fields, request.params);
  read_logprobs(fields, request.params.logprobs);
  refuse_unsupported(fields);
  request.context = Json::object();
  read_template_arguments(fields, request.context);
  read_tools(fields, request.context);
  if (fields.problem()) return std::unexpected(*fields.problem());
  TRY_ASSIGN(request.context["messages"], checked_messages(body));
  request.context["add_generation_prompt"] = true;
  return request;
}

}  // namespace mill::openai
