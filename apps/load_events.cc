#include "apps/load_events.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace mill::apps {
namespace {

using nlohmann::json;

uint64_t count_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

LoadUsage usage_in(const json& usage) {
  LoadUsage read{.prompt = count_in(usage, "prompt_tokens"),
                 .answer = count_in(usage, "completion_tokens")};
  const auto details = usage.find("prompt_tokens_details");
  if (details != usage.end() && details->is_object())
    read.cached = count_in(*details, "cached_tokens");
  return read;
}

bool has_text(const json& event) {
  const auto choices = event.find("choices");
  if (choices == event.end() || !choices->is_array() || choices->empty()) return false;
  const json& choice = choices->front();
  if (!choice.is_object()) return false;
  const auto text = choice.find("text");
  return text != choice.end() && text->is_string() && !text->get_ref<const std::string&>().empty();
}

std::string error_in(const json& error) {
  if (error.is_object() && error.value("message", json()).is_string())
    return error["message"].get<std::string>();
  return error.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::vector<std::string> EventReader::feed(std::string_view bytes) {
  std::vector<std::string> events;
  for (size_t end = 0; (end = bytes.find('\n')) != std::string_view::npos;) {
    line_ += bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    take(line_, events);
    line_.clear();
  }
  line_ += bytes;
  return events;
}

void EventReader::take(std::string_view line, std::vector<std::string>& events) {
  if (line.empty()) {
    if (std::exchange(has_data_, false)) events.push_back(std::exchange(data_, {}));
    return;
  }
  if (!line.starts_with("data:")) return;
  line.remove_prefix(5);
  if (line.starts_with(' ')) line.remove_prefix(1);
  if (std::exchange(has_data_, true)) data_ += '\n';
  data_ += line;
}

CompletionEvent read_completion_event(std::string_view data) {
  if (data == "[DONE]") return {.done = true, .usage = {}, .error = {}};
  const json event = json::parse(data, nullptr, false);
  if (!event.is_object())
    return {.usage = {}, .error = "an event that is no JSON: " + std::string(data.substr(0, 80))};
  CompletionEvent read{.has_text = has_text(event), .usage = {}, .error = {}};
  if (const auto error = event.find("error"); error != event.end() && !error->is_null())
    read.error = error_in(*error);
  if (const auto usage = event.find("usage"); usage != event.end() && usage->is_object())
    read.usage = usage_in(*usage);
  return read;
}

}  // namespace mill::apps
