#include "service/messages/messages_request.h"

#include <fmt/format.h>

#include <limits>

#include "service/http/fields.h"

namespace mill::messages {
namespace {

using http::Fields;
using inference::Conversation;

constexpr int64_t kTokensMax = std::numeric_limits<int32_t>::max();
constexpr size_t kMessagesMax = 100'000, kStopsMax = 16, kStopBytesMax = 1024;
constexpr int64_t kBudgetLeast = 1024;  // as Anthropic documents it

Json member(const Json& value, const char* name) {
  return value.is_object() ? value.value(name, Json()) : Json();
}

Checked<std::string> text_member(const Json& block, const char* name, const std::string& place) {
  const Json value = member(block, name);
  if (value.is_string()) return value.get<std::string>();
  return http::refuse(fmt::format("{}.{}: a string is needed", place, name),
                      fmt::format("{}.{}", place, name));
}

// "…" or [{"type": "text", "text": "…"}, …]
Checked<std::string> text_of(const Json& content, const std::string& place) {
  if (content.is_string()) return content.get<std::string>();
  if (content.is_null()) return std::string();
  if (!content.is_array())
    return http::refuse(fmt::format("{}: a string or an array of blocks is needed", place), place);
  std::string text;
  for (size_t i = 0; i < content.size(); ++i) {
    const std::string here = fmt::format("{}.{}", place, i);
    if (member(content[i], "type") != "text")
      return http::refuse(fmt::format("{}.type: this model reads text blocks only", here),
                          here + ".type");
    TRY_ASSIGN(const std::string part, text_member(content[i], "text", here));
    text += part;
  }
  return text;
}

// The blocks of one message, by where they go in a template's messages.
struct Parts {
  std::string text, thinking;
  Json calls = Json::array(), results = Json::array();
};

Checked<void> add_call(const Json& block, const std::string& place, Parts& parts) {
  TRY_ASSIGN(const std::string id, text_member(block, "id", place));
  TRY_ASSIGN(const std::string name, text_member(block, "name", place));
  const Json input = member(block, "input");
  if (!input.is_object())
    return http::refuse(fmt::format("{}.input: an object is needed", place), place + ".input");
  parts.calls.push_back(
      {{"id", id}, {"type", "function"}, {"function", {{"name", name}, {"arguments", input}}}});
  return {};
}

Checked<void> add_result(const Json& block, const std::string& place, Parts& parts) {
  TRY_ASSIGN(const std::string id, text_member(block, "tool_use_id", place));
  TRY_ASSIGN(const std::string text, text_of(member(block, "content"), place + ".content"));
  parts.results.push_back({{"role", "tool"}, {"tool_call_id", id}, {"content", text}});
  return {};
}

Checked<void> add_block(const Json& block, const std::string& place, Parts& parts) {
  const Json type = member(block, "type");
  if (type == "tool_use") return add_call(block, place, parts);
  if (type == "tool_result") return add_result(block, place, parts);
  if (type == "redacted_thinking") return {};
  if (type == "thinking" || type == "text") {
    const bool text = type == "text";
    TRY_ASSIGN(const std::string part, text_member(block, text ? "text" : "thinking", place));
    (text ? parts.text : parts.thinking) += part;
    return {};
  }
  return http::refuse(
      fmt::format("{}.type: text, thinking, tool_use and tool_result are understood, not {}", place,
                  http::json_text(type)),
      place + ".type");
}

Checked<void> add_message(const Json& message, const std::string& place, Json& out) {
  const Json role = member(message, "role");
  if (role != "user" && role != "assistant")
    return http::refuse(fmt::format("{}.role: it must be user or assistant", place),
                        place + ".role");
  const Json content = member(message, "content");
  Parts parts;
  if (content.is_string()) {
    parts.text = content.get<std::string>();
  } else if (content.is_array()) {
    for (size_t i = 0; i < content.size(); ++i)
      TRY(add_block(content[i], fmt::format("{}.content.{}", place, i), parts));
  } else {
    return http::refuse(fmt::format("{}.content: a string or an array of blocks is needed", place),
                        place + ".content");
  }
  for (Json& result : parts.results) out.push_back(std::move(result));
  if (role == "user" && !parts.results.empty() && parts.text.empty()) return {};
  Json kept = {{"role", role}, {"content", parts.text}};
  if (!parts.thinking.empty()) kept["reasoning_content"] = parts.thinking;
  if (!parts.calls.empty()) kept["tool_calls"] = std::move(parts.calls);
  out.push_back(std::move(kept));
  return {};
}

Checked<Json> read_messages(const Json& body) {
  Json out = Json::array();
  TRY_ASSIGN(const std::string system, text_of(member(body, "system"), "system"));
  if (!system.empty()) out.push_back({{"role", "system"}, {"content", system}});
  const Json messages = member(body, "messages");
  if (!messages.is_array() || messages.empty() || messages.size() > kMessagesMax)
    return http::refuse(
        fmt::format("messages: an array of 1 to {} messages is needed", kMessagesMax), "messages");
  for (size_t i = 0; i < messages.size(); ++i)
    TRY(add_message(messages[i], fmt::format("messages.{}", i), out));
  return out;
}

// {"name", "description", "input_schema"} → the tool as templates know it
Checked<void> read_tools(const Json& body, inference::ToolUse& use) {
  const Json tools = member(body, "tools");
  if (tools.is_null()) return {};
  if (!tools.is_array()) return http::refuse("tools: an array is needed", "tools");
  for (size_t i = 0; i < tools.size(); ++i) {
    const std::string place = fmt::format("tools.{}", i);
    const Json type = member(tools[i], "type");
    if (!type.is_null() && type != "custom")
      return http::refuse(
          fmt::format("{}.type: there are no server tools here; define the tool yourself", place),
          place + ".type");
    Json function = {{"name", member(tools[i], "name")}};
    if (const Json about = member(tools[i], "description"); !about.is_null())
      function["description"] = about;
    function["parameters"] = member(tools[i], "input_schema");
    if (!function["parameters"].is_object())
      return http::refuse(fmt::format("{}.input_schema: an object is needed", place),
                          place + ".input_schema");
    TRY(use.add(function, place));
  }
  return {};
}

Checked<void> read_choice(const Json& body, inference::ToolUse& use) {
  const Json choice = member(body, "tool_choice");
  if (choice.is_null()) return {};
  const Json type = member(choice, "type");
  if (type == "none") use.calls = inference::Calls::none;
  if (type == "any" || type == "tool") use.calls = inference::Calls::required;
  if (type == "tool") {
    TRY_ASSIGN(use.name, text_member(choice, "name", "tool_choice"));
  } else if (type != "any" && type != "none" && type != "auto") {
    return http::refuse("tool_choice.type: it must be auto, any, tool or none", "tool_choice.type");
  }
  use.parallel = member(choice, "disable_parallel_tool_use") != true;
  return use.check("tool_choice");
}

// {"type": "enabled", "budget_tokens": 2048} | {"type": "adaptive"} | {"type": "disabled"}
Checked<void> read_thinking(const Json& body, Conversation& conversation) {
  const Json thinking = member(body, "thinking");
  if (thinking.is_null()) return {};
  const Json type = member(thinking, "type");
  if (type != "enabled" && type != "disabled" && type != "adaptive")
    return http::refuse("thinking.type: it must be enabled, adaptive or disabled", "thinking.type");
  conversation.thinking = type != "disabled";
  if (type != "enabled") return {};
  const Json budget = member(thinking, "budget_tokens");
  const uint32_t most = conversation.params.tokens_max;
  if (!budget.is_number_integer() || budget.get<int64_t>() < kBudgetLeast ||
      (most > 0 && budget.get<int64_t>() >= most))
    return http::refuse(
        fmt::format("thinking.budget_tokens: it must be at least {} and less than max_tokens",
                    kBudgetLeast),
        "thinking.budget_tokens");
  conversation.thinking_tokens_max = budget.get<uint32_t>();
  return {};
}

void read_stops(Fields& fields, std::vector<std::string>& stops) {
  const Json* list = fields.find("stop_sequences");
  if (list == nullptr) return;
  const std::string complaint =
      fmt::format("stop_sequences: an array of at most {} strings of 1 to {} bytes is needed",
                  kStopsMax, kStopBytesMax);
  if (!list->is_array() || list->size() > kStopsMax)
    return fields.refuse(complaint, "stop_sequences");
  for (const Json& stop : *list) {
    if (!stop.is_string() || stop.get_ref<const std::string&>().empty() ||
        stop.get_ref<const std::string&>().size() > kStopBytesMax)
      return fields.refuse(complaint, "stop_sequences");
    stops.push_back(stop.get<std::string>());
  }
}

// An answer that the client has begun is continued.
void take_prefill(Conversation& conversation) {
  Json& messages = conversation.context["messages"];
  const Json& last = messages.back();
  if (messages.size() < 2 || last["role"] != "assistant" || last.contains("tool_calls")) return;
  conversation.prefill = last["content"].get<std::string>();
  messages.erase(messages.size() - 1);
}

}  // namespace

Checked<Conversation> parse_messages_request(const Json& body, bool counting) {
  Conversation out;
  Fields fields(body);
  fields.text("model", out.params.model);
  fields.integer("max_tokens", out.params.tokens_max, 1, kTokensMax);
  fields.number("temperature", out.params.sampling.temperature, 0, 1);
  fields.number("top_p", out.params.sampling.top_p, 0, 1);
  out.params.sampling.top_p = std::max(out.params.sampling.top_p, 1e-6F);
  fields.integer("top_k", out.params.sampling.top_k, 0, kTokensMax);
  fields.flag("stream", out.params.stream);
  read_stops(fields, out.params.stop);
  if (!counting && fields.find("max_tokens") == nullptr)
    fields.refuse("max_tokens: Field required", "max_tokens");
  if (fields.problem()) return std::unexpected(*fields.problem());
  TRY(read_thinking(body, out));
  TRY(read_tools(body, out.tools));
  TRY(read_choice(body, out.tools));
  TRY_ASSIGN(out.context["messages"], read_messages(body));
  take_prefill(out);
  return out;
}

}  // namespace mill::messages
