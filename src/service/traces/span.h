#pragma once
// What a request was doing, and when, as OpenTelemetry has it.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "service/inference/meter.h"

namespace mill::traces {

using Attribute = std::pair<std::string, std::variant<std::string, int64_t, double>>;

struct Span {
  std::string trace, id, parent;  // 32, 16 and 16 hexadecimal digits; no parent: ""
  std::string name;
  bool server = false;         // the kind: server, else internal
  int64_t start = 0, end = 0;  // nanoseconds since 1970
  std::vector<Attribute> attributes = {};
  bool failed = false;
};

// Who has asked, by W3C Trace Context: "00-<trace>-<span>-<flags>".
struct TraceContext {
  std::string trace, span;
  bool sampled = true;
};
// Of a header that is none, or not one: empty, which begins a trace of its own.
TraceContext parse_traceparent(const std::string&);

// A request, and the phases of each of its answers: queue, prefill, decode. `now` is the end of the
// request, in nanoseconds since 1970; `steady` is the same moment by the clock of its phases.
struct Moment {
  int64_t now = 0, steady = 0;
};
std::vector<Span> spans_of(const inference::Spent&, Moment,
                           const std::function<uint64_t()>& entropy);

// The body of an export, OTLP 1.x in JSON (opentelemetry-proto, docs/specification.md: JSON
// Protobuf Encoding): ids in hexadecimal, 64-bit integers as strings.
std::string otlp_json(const std::vector<Span>&, const std::string& service);

}  // namespace mill::traces
