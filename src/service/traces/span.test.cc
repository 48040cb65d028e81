#include "service/traces/span.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "service/traces/exporter.h"

namespace mill::traces {
namespace {

using nlohmann::json;

inference::Spent spent() {
  inference::Spent it;
  it.request = "req_1";
  it.endpoint = "/v1/completions";
  it.model = "tea";
  it.caller.tenant = "acme";
  it.usage = {.prompt = 7, .cached = 2, .generated = 5};
  it.nanoseconds = 900;
  it.phases = {{.arrived = 100, .scheduled = 300, .first_token = 600, .last_token = 950}};
  return it;
}

std::function<uint64_t()> counter() {
  return [n = uint64_t{0}]() mutable { return ++n; };
}

TEST_CASE("a request is a span, and its phases are its children and follow each other") {
  const auto spans = spans_of(spent(), {.now = 1'000'000, .steady = 1'000}, counter());
  REQUIRE(spans.size() == 4);
  CHECK(spans[0].name == "POST /v1/completions");
  CHECK(spans[0].start == 999'100);
  CHECK(spans[0].end == 1'000'000);
  CHECK(spans[0].parent.empty());
  const std::vector<std::string> names{spans[1].name, spans[2].name, spans[3].name};
  CHECK(names == std::vector<std::string>{"queue", "prefill", "decode"});
  CHECK(spans[1].start == 999'100);
  CHECK(spans[1].end == spans[2].start);
  CHECK(spans[2].end == spans[3].start);
  CHECK(spans[3].end == 999'950);
  for (size_t i = 1; i < spans.size(); ++i) {
    CHECK(spans[i].parent == spans[0].id);
    CHECK(spans[i].trace == spans[0].trace);
  }
}

TEST_CASE("one that was never begun has no phases but the wait that it did not end") {
  inference::Spent it = spent();
  it.phases = {{.arrived = 100}};
  CHECK(spans_of(it, {.now = 5000, .steady = 5000}, counter()).size() == 1);
}

TEST_CASE("a trace that somebody has begun goes on, or is not recorded, as its flag says") {
  inference::Spent it = spent();
  it.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const auto spans = spans_of(it, {}, counter());
  CHECK(spans[0].trace == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(spans[0].parent == "00f067aa0ba902b7");
  it.traceparent.back() = '0';
  CHECK(spans_of(it, {}, counter()).empty());
}

// The examples of W3C Trace Context, section 3.2, and what it forbids.
TEST_CASE("traceparent") {
  const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
  CHECK(parse_traceparent("00-" + id + "-01").sampled);
  CHECK(parse_traceparent("cc-" + id + "-01-what-the-future-will-be-like").span ==
        "00f067aa0ba902b7");
  for (const std::string& wrong :
       {std::string(), "00-" + id, "00-" + id + "-01-more", "ff-" + id + "-01", "0-" + id + "-01",
        "00-" + id + "-0x", "cc-" + id + "-01.what",
        std::string("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
        std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")}) {
    CAPTURE(wrong);
    CHECK(parse_traceparent(wrong).trace.empty());
    CHECK(parse_traceparent(wrong).sampled);
  }
}

TEST_CASE("OTLP in JSON: ids in hexadecimal, 64-bit integers as strings") {
  const json root = json::parse(
      otlp_json(spans_of(spent(), {.now = 1'000'000, .steady = 1'000}, counter()), "mill"));
  const json& spans = root["resourceSpans"][0]["scopeSpans"][0]["spans"];
  REQUIRE(spans.size() == 4);
  CHECK(spans[0]["traceId"].get<std::string>().size() == 32);
  CHECK(spans[0]["startTimeUnixNano"] == "999100");
  CHECK(spans[0]["kind"] == 2);
  CHECK_FALSE(spans[0].contains("parentSpanId"));
  bool found = false;
  for (const json& each : spans[0]["attributes"])
    if (each["key"] == "gen_ai.usage.output_tokens") found = each["value"]["intValue"] == "5";
  CHECK(found);
}

TEST_CASE("a collector that is not there costs its spans, and they are counted") {
  Exporter exporter({.url = "http://127.0.0.1:1/v1/traces", .waiting_max = 6, .pause_ms = 0});
  exporter.add(spans_of(spent(), {}, counter()));
  while (exporter.stats().dropped < 4) std::this_thread::yield();
  exporter.add(std::vector<Span>(7));  // too many at once
  CHECK(exporter.stats().dropped == 11);
  CHECK(exporter.stats().sent == 0);
  CHECK_FALSE(ExporterOptions{.url = "127.0.0.1:4318"}.validate().has_value());
}

}  // namespace
}  // namespace mill::traces
