#include "service/traces/span.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace mill::traces {
namespace {

using inference::Outcome;
using Json = nlohmann::ordered_json;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// All zeros mean that there is none.
bool is_id(std::string_view text, size_t digits) {
  return text.size() == digits && is_hex(text) && text.find_first_not_of('0') != text.npos;
}

std::string id_of(uint64_t number) { return fmt::format("{:016x}", std::max<uint64_t>(number, 1)); }

std::string_view name_of(Outcome outcome) {
  if (outcome == Outcome::whole) return "whole";
  return outcome == Outcome::cancelled ? "cancelled" : "failed";
}

// The names are OpenTelemetry's semantic conventions for HTTP and for generative AI.
std::vector<Attribute> attributes_of(const inference::Spent& spent) {
  const auto count = [](uint64_t value) { return static_cast<int64_t>(value); };
  std::vector<Attribute> all = {
      {"http.request.method", "POST"},
      {"http.route", spent.endpoint},
      {"gen_ai.provider.name", "tokenmill"},
      {"gen_ai.request.model", spent.model},
      {"gen_ai.usage.input_tokens", count(spent.usage.prompt)},
      {"gen_ai.usage.output_tokens", count(spent.usage.generated)},
      {"tokenmill.usage.cached_tokens", count(spent.usage.cached)},
      {"tokenmill.usage.thinking_tokens", count(spent.usage.thinking)},
      {"tokenmill.request.id", spent.request},
      {"tokenmill.outcome", std::string(name_of(spent.outcome))},
  };
  if (!spent.caller.tenant.empty()) all.push_back({"tokenmill.tenant", spent.caller.tenant});
  if (spent.usage.joules > 0) all.push_back({"tokenmill.energy.joules", spent.usage.joules});
  return all;
}

Json json_of(const Attribute& attribute) {
  Json value;
  if (const auto* text = std::get_if<std::string>(&attribute.second)) value["stringValue"] = *text;
  if (const auto* number = std::get_if<int64_t>(&attribute.second))
    value["intValue"] = std::to_string(*number);
  if (const auto* number = std::get_if<double>(&attribute.second)) value["doubleValue"] = *number;
  return {{"key", attribute.first}, {"value", std::move(value)}};
}

Json json_of(const Span& span) {
  constexpr int kInternal = 1, kServer = 2, kOk = 0, kError = 2;
  Json attributes = Json::array();
  for (const Attribute& each : span.attributes) attributes.push_back(json_of(each));
  Json json = {{"traceId", span.trace}, {"spanId", span.id}};
  if (!span.parent.empty()) json["parentSpanId"] = span.parent;
  json["name"] = span.name;
  json["kind"] = span.server ? kServer : kInternal;
  json["startTimeUnixNano"] = std::to_string(span.start);
  json["endTimeUnixNano"] = std::to_string(span.end);
  json["attributes"] = std::move(attributes);
  json["status"] = {{"code", span.failed ? kError : kOk}};
  return json;
}

}  // namespace

TraceContext parse_traceparent(const std::string& header) {
  constexpr size_t kLength = 55;  // 2 + 1 + 32 + 1 + 16 + 1 + 2; later versions may add to it
  const std::string_view text = header;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  const std::string_view version = text.substr(0, 2), flags = text.substr(53, 2);
  if (!is_hex(version) || version == "ff" || !is_hex(flags)) return {};
  if (version == "00" ? text.size() != kLength : text.size() > kLength && text[kLength] != '-')
    return {};
  if (!is_id(text.substr(3, 32), 32) || !is_id(text.substr(36, 16), 16)) return {};
  const int low = flags[1] <= '9' ? flags[1] - '0' : flags[1] - 'a' + 10;
  return {std::string(text.substr(3, 32)), std::string(text.substr(36, 16)), low % 2 == 1};
}

std::vector<Span> spans_of(const inference::Spent& spent, Moment moment,
                           const std::function<uint64_t()>& entropy) {
  const TraceContext asked = parse_traceparent(spent.traceparent);
  if (!asked.sampled) return {};
  Span root{.trace = asked.trace.empty() ? id_of(entropy()) + id_of(entropy()) : asked.trace,
            .id = id_of(entropy()),
            .parent = asked.span,
            .name = "POST " + spent.endpoint,
            .server = true,
            .start = moment.now - spent.nanoseconds,
            .end = moment.now,
            .attributes = attributes_of(spent),
            .failed = spent.outcome == Outcome::failed};
  std::vector<Span> all{root};
  for (const llm::RequestTimes& it : spent.phases) {
    const auto add = [&](const char* name, int64_t start, int64_t end) {
      if (start == 0 || end == 0) return;  // it did not come to that
      const int64_t shift = moment.now - moment.steady;
      all.push_back({.trace = root.trace,
                     .id = id_of(entropy()),
                     .parent = root.id,
                     .name = name,
                     .start = start + shift,
                     .end = end + shift});
    };
    add("queue", it.arrived, it.scheduled);
    add("prefill", it.scheduled, it.first_token);
    add("decode", it.first_token, it.last_token);
  }
  return all;
}

std::string otlp_json(const std::vector<Span>& spans, const std::string& service) {
  Json list = Json::array();
  for (const Span& span : spans) list.push_back(json_of(span));
  const Json scope = {{"scope", {{"name", "tokenmill"}, {"version", TOKENMILL_VERSION}}},
                      {"spans", std::move(list)}};
  const Json resource = {
      {"attributes", Json::array({json_of(Attribute{"service.name", service}),
                                  json_of(Attribute{"service.version", TOKENMILL_VERSION})})}};
  const Json whole = {{"resourceSpans", Json::array({{{"resource", resource},
                                                      {"scopeSpans", Json::array({scope})}}})}};
  return whole.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace mill::traces
