#include "service/openai/responses_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "service/openai/chat_request.h"
#include "service/openai/structured_output.h"

namespace mill::openai {
namespace {

constexpr int64_t kTokensMax = std::numeric_limits<int32_t>::max();
constexpr size_t kItemsMax = 10'000;

Json member(const Json& value, const char* name) {
  return value.is_object() ? value.value(name, Json()) : Json();
}

bool is_text_part(const Json& type) {
  return type == "input_text" || type == "output_text" || type == "text" ||
         type == "reasoning_text" || type == "summary_text" || type == "refusal";
}

// "…" or [{"type": "input_text", "text": "…"}, …]
Checked<std::string> text_of(const Json& content, const std::string& place) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array())
    return http::refuse(fmt::format("'{}' must be a string or an array of parts", place), place);
  std::string text;
  for (size_t i = 0; i < content.size(); ++i) {
    const Json type = member(content[i], "type");
    const Json part = member(content[i], type == "refusal" ? "refusal" : "text");
    if (!is_text_part(type) || !part.is_string())
      return http::refuse(fmt::format("'{}[{}]' must be a part with text; this model reads no {}",
                                      place, i, http::json_text(type)),
                          fmt::format("{}[{}]", place, i));
    text += part.get_ref<const std::string&>();
  }
  return text;
}

Checked<std::string> text_member(const Json& item, const char* name, const std::string& place) {
  const Json value = member(item, name);
  if (value.is_string()) return value.get<std::string>();
  return http::refuse(fmt::format("'{}.{}' must be a string", place, name),
                      fmt::format("{}.{}", place, name));
}

// A row of calls, and the thoughts before them, are one message of the assistant's.
Json& assistant_message(Json& messages) {
  const bool open = !messages.empty() && messages.back()["role"] == "assistant";
  if (!open) messages.push_back({{"role", "assistant"}, {"content", ""}});
  return messages.back();
}

Checked<void> add_call(const Json& item, const std::string& place, Json& messages) {
  TRY_ASSIGN(const std::string id, text_member(item, "call_id", place));
  TRY_ASSIGN(const std::string name, text_member(item, "name", place));
  TRY_ASSIGN(const std::string text, text_member(item, "arguments", place));
  auto arguments = http::parse_json(text.empty() ? "{}" : text);
  const bool object = arguments && arguments->is_object();
  assistant_message(messages)["tool_calls"].push_back(
      {{"id", id},
       {"type", "function"},
       {"function",
        {{"name", name}, {"arguments", object ? std::move(*arguments) : Json::object()}}}});
  return {};
}

Checked<void> add_result(const Json& item, const std::string& place, Json& messages) {
  TRY_ASSIGN(const std::string id, text_member(item, "call_id", place));
  TRY_ASSIGN(const std::string text, text_of(member(item, "output"), place + ".output"));
  messages.push_back({{"role", "tool"}, {"tool_call_id", id}, {"content", text}});
  return {};
}

Checked<void> add_message(const Json& item, const std::string& place, Json& messages) {
  Json role = member(item, "role");
  if (role == "developer") role = "system";
  if (role != "system" && role != "user" && role != "assistant")
    return http::refuse(
        fmt::format("'{}.role' must be system, developer, user or assistant", place),
        place + ".role");
  TRY_ASSIGN(const std::string text, text_of(member(item, "content"), place + ".content"));
  const bool joins = role == "assistant" && !messages.empty() &&
                     messages.back()["role"] == "assistant" && messages.back()["content"] == "";
  if (joins) {
    messages.back()["content"] = text;
  } else {
    messages.push_back({{"role", role}, {"content", text}});
  }
  return {};
}

Checked<void> add_item(const Json& item, const std::string& place, Json& messages) {
  const Json type = member(item, "type");
  if (type == "function_call") return add_call(item, place, messages);
  if (type == "function_call_output") return add_result(item, place, messages);
  if (type == "reasoning") {
    Json content = member(item, "content");
    if (!content.is_array() || content.empty()) content = member(item, "summary");
    if (!content.is_array() || content.empty()) return {};
    TRY_ASSIGN(const std::string text, text_of(content, place + ".content"));
    messages.push_back({{"role", "assistant"}, {"content", ""}, {"reasoning_content", text}});
    return {};
  }
  if (type.is_null() || type == "message") return add_message(item, place, messages);
  return http::refuse(fmt::format("'{}.type' is {}; message, function_call, "
                                  "function_call_output and reasoning are understood",
                                  place, http::json_text(type)),
                      place + ".type");
}

Checked<void> read_input(const Json& body, ResponsesRequest& out) {
  const Json input = member(body, "input");
  Json& messages = out.conversation.context["messages"] = Json::array();
  if (input.is_string()) {
    out.input_items.push_back(
        {{"type", "message"},
         {"role", "user"},
         {"content", Json::array({{{"type", "input_text"}, {"text", input}}})}});
    messages.push_back({{"role", "user"}, {"content", input}});
    return {};
  }
  if (!input.is_array() || input.empty() || input.size() > kItemsMax)
    return http::refuse("'input' must be a string or an array of items, at least one", "input");
  for (size_t i = 0; i < input.size(); ++i) {
    TRY(add_item(input[i], fmt::format("input[{}]", i), messages));
    out.input_items.push_back(input[i]);
  }
  return {};
}

Checked<void> read_tools(const Json& body, inference::ToolUse& use) {
  const Json tools = member(body, "tools");
  if (tools.is_null()) return {};
  if (!tools.is_array()) return http::refuse("'tools' must be an array", "tools");
  for (size_t i = 0; i < tools.size(); ++i) {
    const std::string place = fmt::format("tools[{}]", i);
    if (member(tools[i], "type") != "function")
      return http::refuse(fmt::format("'{}.type' must be \"function\"; there are no built-in tools "
                                      "here",
                                      place),
                          place + ".type");
    Json function = tools[i];
    function.erase("type");
    TRY(use.add(function, place));
  }
  return {};
}

// "none" | "auto" | "required" | {"type": "function", "name": …}
Checked<void> read_choice(const Json& body, inference::ToolUse& use) {
  const Json choice = member(body, "tool_choice");
  const Json name = member(choice, "name");
  if (choice == "none") {
    use.calls = inference::Calls::none;
  } else if (choice == "required" || name.is_string()) {
    use.calls = inference::Calls::required;
    if (name.is_string()) use.name = name.get<std::string>();
  } else if (!choice.is_null() && choice != "auto") {
    return http::refuse(
        "'tool_choice' must be \"none\", \"auto\", \"required\" or {\"type\": \"function\", "
        "\"name\": …}",
        "tool_choice");
  }
  return use.check("tool_choice");
}

// {"type": "json_schema", "name", "schema", "strict"}: what chat completions have one level deeper.
Checked<void> read_format(const Json& body, GenerateParams& params) {
  const Json text = member(body, "text");
  if (!text.is_null() && !text.is_object()) return http::refuse("'text' must be an object", "text");
  const Json format = member(text, "format");
  if (format.is_null()) return {};
  Json shaped = {{"response_format", format}};
  if (member(format, "type") == "json_schema")
    shaped["response_format"] = {{"type", "json_schema"}, {"json_schema", format}};
  Fields fields(shaped);
  params.structure = read_structured_output(fields);
  if (fields.problem()) return http::refuse(fields.problem()->message, "text.format");
  if (params.structure) params.structure->field = "text.format";
  return {};
}

Json echo_of(const Json& body, const ResponsesRequest& request) {
  const auto or_else = [&](const char* name, Json other) {
    const Json value = member(body, name);
    return value.is_null() ? other : value;
  };
  const auto& sampling = request.conversation.params.sampling;
  const Json reasoning = member(body, "reasoning");
  return {{"instructions", member(body, "instructions")},
          {"max_output_tokens", member(body, "max_output_tokens")},
          {"metadata", or_else("metadata", Json::object())},
          {"parallel_tool_calls", request.conversation.tools.parallel},
          {"previous_response_id", member(body, "previous_response_id")},
          {"reasoning",
           {{"effort", member(reasoning, "effort")}, {"summary", member(reasoning, "summary")}}},
          {"store", request.store},
          {"background", request.background},
          {"temperature", or_else("temperature", sampling.temperature)},
          {"text", or_else("text", {{"format", {{"type", "text"}}}})},
          {"tool_choice", or_else("tool_choice", "auto")},
          {"tools", or_else("tools", Json::array())},
          {"top_p", or_else("top_p", 1)},
          {"truncation", "disabled"}};
}

}  // namespace

Checked<ResponsesRequest> parse_responses_request(const Json& body) {
  ResponsesRequest out;
  GenerateParams& params = out.conversation.params;
  Fields fields(body);
  fields.text("model", params.model);
  fields.number("temperature", params.sampling.temperature, 0, 2);
  fields.number("top_p", params.sampling.top_p, 0, 1);
  params.sampling.top_p = std::max(params.sampling.top_p, 1e-6F);
  fields.integer("max_output_tokens", params.tokens_max, 1, kTokensMax);
  int64_t seed = 0;
  fields.integer("seed", seed, std::numeric_limits<int64_t>::min(), kTokensMax);
  if (fields.find("seed") != nullptr) params.seed = static_cast<uint64_t>(seed);
  fields.flag("stream", params.stream);
  fields.flag("store", out.store);
  fields.flag("background", out.background);
  fields.flag("parallel_tool_calls", out.conversation.tools.parallel);
  fields.text("instructions", out.instructions);
  fields.text("previous_response_id", out.previous);
  if (out.background && (params.stream || !out.store))
    fields.refuse("'background' goes with \"store\": true and without 'stream'", "background");
  fields.integer("thinking_token_budget", out.conversation.thinking_tokens_max, 1, kTokensMax);
  if (const Json reasoning = member(body, "reasoning"); reasoning.is_object()) {
    Fields inner(reasoning);
    read_effort(inner, "effort", out.conversation);
    inner.integer("max_tokens", out.conversation.thinking_tokens_max, 1, kTokensMax);
    if (inner.problem())
      fields.refuse(inner.problem()->message, "reasoning." + inner.problem()->param);
  }
  if (fields.problem()) return std::unexpected(*fields.problem());
  TRY(read_format(body, params));
  TRY(read_tools(body, out.conversation.tools));
  TRY(read_choice(body, out.conversation.tools));
  TRY(read_input(body, out));
  out.echoed = echo_of(body, out);
  return out;
}

}  // namespace mill::openai
