#include "service/inference/tool_prompt.h"

#include <fmt/format.h>

#include <string>

namespace mill::inference {
namespace {

using http::Json;

std::string content_of(const Json& message) {
  const Json content = message.value("content", Json());
  return content.is_string() ? content.get<std::string>() : "";
}

std::string explanation(const Json& tools) {
  std::string text = "You may call functions to help with the user's request. They are:\n<tools>\n";
  for (const Json& tool : tools) text += http::json_text(tool["function"]) + "\n";
  return text +
         "</tools>\nTo call one, answer with its name and arguments as JSON within tags:\n"
         "<tool_call>\n{\"name\": <name>, \"arguments\": <arguments>}\n</tool_call>";
}

// What an assistant has called, as it was told to write it.
std::string calls_text(const Json& message) {
  std::string text = content_of(message);
  for (const Json& call : message["tool_calls"]) {
    const Json& function = call["function"];
    const Json shown = {{"name", function["name"]}, {"arguments", function["arguments"]}};
    if (!text.empty()) text += '\n';
    text += fmt::format("<tool_call>\n{}\n</tool_call>", http::json_text(shown));
  }
  return text;
}

void append_result(Json& messages, const Json& message) {
  const std::string text =
      fmt::format("<tool_response>\n{}\n</tool_response>", content_of(message));
  if (!messages.empty() && messages.back().contains("results")) {
    messages.back()["content"] = content_of(messages.back()) + "\n" + text;
  } else {
    messages.push_back({{"role", "user"}, {"content", text}, {"results", true}});
  }
}

}  // namespace

Json explained(const Json& context, const Json& tools) {
  Json out = context;
  Json messages = Json::array();
  for (const Json& message : context["messages"]) {
    if (message["role"] == "tool" || message["role"] == "function") {
      append_result(messages, message);
    } else if (message.contains("tool_calls")) {
      messages.push_back({{"role", message["role"]}, {"content", calls_text(message)}});
    } else {
      messages.push_back(message);
    }
  }
  if (!tools.empty()) {
    const bool has_system = !messages.empty() && messages.front()["role"] == "system";
    if (!has_system) messages.insert(messages.begin(), Json({{"role", "system"}, {"content", ""}}));
    const std::string before = content_of(messages.front());
    messages.front()["content"] =
        fmt::format("{}{}{}", before, before.empty() ? "" : "\n\n", explanation(tools));
  }
  for (Json& message : messages) message.erase("results");
  out["messages"] = std::move(messages);
  return out;
}

}  // namespace mill::inference
