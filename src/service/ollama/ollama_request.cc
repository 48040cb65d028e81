#include "service/ollama/ollama_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "data/grammar/spec.h"
#include "service/http/fields.h"

namespace mill::ollama {
namespace {

using http::Fields;
using inference::Conversation;
using inference::GenerateParams;

constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
constexpr size_t kMessagesMax = 100'000, kStopsMax = 16, kStopBytesMax = 1024;

Json member(const Json& value, const char* name) {
  return value.is_object() ? value.value(name, Json()) : Json();
}

void read_stop(Fields& options, GenerateParams& params) {
  const Json* value = options.find("stop");
  if (value == nullptr) return;
  const Json list = value->is_string() ? Json::array({*value}) : *value;
  if (!list.is_array() || list.size() > kStopsMax)
    return options.refuse("'stop' must be an array of at most 16 strings", "stop");
  for (const Json& stop : list) {
    if (!stop.is_string() || stop.get_ref<const std::string&>().empty() ||
        stop.get_ref<const std::string&>().size() > kStopBytesMax)
      return options.refuse("'stop' takes strings of 1 to 1024 bytes", "stop");
    params.stop.push_back(stop.get<std::string>());
  }
}

// Unless given, what Ollama documents for its Modelfile.
Checked<void> read_options(const Json& body, Conversation& out) {
  GenerateParams& params = out.params;
  params.sampling.temperature = 0.8F;
  params.sampling.top_k = 40;
  params.sampling.top_p = 0.9F;
  const Json given = member(body, "options");
  if (!given.is_null() && !given.is_object())
    return http::refuse("'options' must be an object", "options");
  Fields options(given);
  options.number("temperature", params.sampling.temperature, 0, 2);
  options.integer("top_k", params.sampling.top_k, 0, kMost);
  options.number("top_p", params.sampling.top_p, 0, 1);
  params.sampling.top_p = std::max(params.sampling.top_p, 1e-6F);
  options.number("min_p", params.sampling.min_p, 0, 1);
  options.number("typical_p", params.sampling.typical_p, 0.001, 1);
  options.number("repeat_penalty", params.sampling.repetition_penalty, 0.01, 10);
  options.number("presence_penalty", params.sampling.presence_penalty, -2, 2);
  options.number("frequency_penalty", params.sampling.frequency_penalty, -2, 2);
  int64_t most = -1, seed = 0;
  options.integer("num_predict", most, -2, kMost);  // negative: as many as the context holds
  params.tokens_max = static_cast<uint32_t>(std::max<int64_t>(most, 0));
  options.integer("seed", seed, std::numeric_limits<int64_t>::min(),
                  std::numeric_limits<int64_t>::max());
  if (options.find("seed") != nullptr) params.seed = static_cast<uint64_t>(seed);
  options.integer("thinking_token_budget", out.thinking_tokens_max, 1, kMost);
  read_stop(options, params);
  if (options.problem()) return std::unexpected(*options.problem());
  return {};
}

// "json", or a JSON Schema
void read_format(Fields& fields, GenerateParams& params) {
  const Json* format = fields.find("format");
  if (format == nullptr || *format == "") return;
  if (*format != "json" && !format->is_object())
    return fields.refuse("'format' must be \"json\" or a JSON Schema", "format");
  params.structure = {format->is_object() ? grammar::json_schema(*format) : grammar::json_object(),
                      "format"};
}

// What chat and generate share.
Checked<void> read_common(const Json& body, Conversation& out) {
  Fields fields(body);
  fields.text("model", out.params.model);
  if (fields.find("model") == nullptr) fields.refuse("model is required", "model");
  out.params.model = untagged(out.params.model);
  out.params.stream = true;
  fields.flag("stream", out.params.stream);
  read_format(fields, out.params);
  if (const Json* think = fields.find("think")) {
    const bool level = *think == "low" || *think == "medium" || *think == "high";
    if (!think->is_boolean() && !level)
      fields.refuse("'think' must be true, false, \"low\", \"medium\" or \"high\"", "think");
    out.thinking = *think != false;
    if (level) out.context["reasoning_effort"] = *think;
  }
  if (fields.problem()) return std::unexpected(*fields.problem());
  return read_options(body, out);
}

// Ollama's calls have no ids; templates may want some, and results follow their calls in order.
struct CallIds {
  size_t given = 0, answered = 0;
  std::string next() { return fmt::format("call_{:04}", given++); }
  std::string answer() { return fmt::format("call_{:04}", answered++); }
};

Checked<Json> calls_of(const Json& message, const std::string& place, CallIds& ids) {
  Json out = Json::array();
  ids.answered = ids.given;
  for (const Json& call : message["tool_calls"]) {
    const Json function = member(call, "function");
    const Json arguments = member(function, "arguments");
    if (!member(function, "name").is_string() || !(arguments.is_object() || arguments.is_null()))
      return http::refuse(
          fmt::format("'{}.tool_calls' must have functions with a name and arguments", place),
          place + ".tool_calls");
    out.push_back({{"id", ids.next()},
                   {"type", "function"},
                   {"function",
                    {{"name", function["name"]},
                     {"arguments", arguments.is_null() ? Json::object() : arguments}}}});
  }
  return out;
}

Checked<Json> message_of(const Json& message, const std::string& place, CallIds& ids) {
  const Json role = member(message, "role");
  if (role != "system" && role != "user" && role != "assistant" && role != "tool")
    return http::refuse(fmt::format("'{}.role' must be system, user, assistant or tool", place),
                        place + ".role");
  const Json content = member(message, "content");
  if (!content.is_string() && !content.is_null())
    return http::refuse(fmt::format("'{}.content' must be a string", place), place + ".content");
  if (const Json images = member(message, "images"); images.is_array() && !images.empty())
    return http::refuse(fmt::format("'{}.images': this model reads text only", place),
                        place + ".images");
  Json out = {{"role", role}, {"content", content.is_null() ? Json("") : content}};
  if (role == "tool") out["tool_call_id"] = ids.answer();
  if (const Json name = member(message, "tool_name"); name.is_string()) out["name"] = name;
  if (const Json thoughts = member(message, "thinking"); thoughts.is_string())
    out["reasoning_content"] = thoughts;
  if (const Json calls = member(message, "tool_calls"); calls.is_array() && !calls.empty()) {
    TRY_ASSIGN(out["tool_calls"], calls_of(message, place, ids));
  }
  return out;
}

Checked<void> read_tools(const Json& body, inference::ToolUse& use) {
  const Json tools = member(body, "tools");
  if (tools.is_null()) return {};
  if (!tools.is_array()) return http::refuse("'tools' must be an array", "tools");
  for (size_t i = 0; i < tools.size(); ++i)
    TRY(use.add(member(tools[i], "function"), fmt::format("tools[{}].function", i)));
  return {};
}

}  // namespace

std::string untagged(const std::string& name) {
  constexpr std::string_view kLatest = ":latest";
  return name.ends_with(kLatest) ? name.substr(0, name.size() - kLatest.size()) : name;
}

Checked<Conversation> parse_chat(const Json& body) {
  Conversation out;
  TRY(read_common(body, out));
  TRY(read_tools(body, out.tools));
  const Json messages = member(body, "messages");
  if (!messages.is_array() || messages.empty() || messages.size() > kMessagesMax)
    return http::refuse("'messages' must be an array of messages, at least one", "messages");
  CallIds ids;
  out.context["messages"] = Json::array();
  for (size_t i = 0; i < messages.size(); ++i) {
    TRY_ASSIGN(Json message, message_of(messages[i], fmt::format("messages[{}]", i), ids));
    out.context["messages"].push_back(std::move(message));
  }
  return out;
}

Checked<Generate> parse_generate(const Json& body) {
  Generate out;
  TRY(read_common(body, out.conversation));
  Fields fields(body);
  std::string prompt, system, suffix;
  bool raw = false;
  fields.text("prompt", prompt);
  fields.text("system", system);
  fields.text("suffix", suffix);
  fields.flag("raw", raw);
  if (!suffix.empty()) fields.refuse("'suffix': a text is continued at its end only", "suffix");
  if (prompt.empty()) fields.refuse("'prompt' is empty; say what to answer", "prompt");
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (raw) out.raw = prompt;
  Json& messages = out.conversation.context["messages"] = Json::array();
  if (!system.empty()) messages.push_back({{"role", "system"}, {"content", system}});
  messages.push_back({{"role", "user"}, {"content", prompt}});
  return out;
}

}  // namespace mill::ollama
