#include "apps/load_trace.h"

#include <doctest/doctest.h>

namespace mill::apps {
namespace {

TEST_CASE("a trace is read, a row a line") {
  const auto rows = parse_trace(
      "{\"at_ms\": 0, \"prompt_tokens\": 12, \"answer_tokens\": 3}\r\n\n"
      "{\"at_ms\": 0, \"prompt_tokens\": 1, \"answer_tokens\": 1, \"user\": \"b\"}\n"
      "{\"at_ms\": 35.5, \"prompt_tokens\": 900, \"answer_tokens\": 40}");
  REQUIRE(rows.has_value());
  REQUIRE(rows->size() == 3);
  CHECK((*rows)[0].prompt_tokens == 12);
  CHECK((*rows)[2].at_ms == 35.5);
  CHECK((*rows)[2].answer_tokens == 40);
}

TEST_CASE("what is wrong with a trace is told with its line") {
  const std::string good = "{\"at_ms\": 9, \"prompt_tokens\": 1, \"answer_tokens\": 1}\n";
  struct Row {
    std::string text;
    const char* told;
  };
  const Row rows[] = {
      {"", "no rows"},
      {"\n \n", "no rows"},
      {good + "{", "line 2: this is no JSON object"},
      {good + "[1]", "line 2: this is no JSON object"},
      {good + "\n{\"at_ms\": 8, \"prompt_tokens\": 1, \"answer_tokens\": 1}", "line 3: 'at_ms' 8"},
      {"{\"prompt_tokens\": 1, \"answer_tokens\": 1}", "line 1: 'at_ms'"},
      {"{\"at_ms\": -1, \"prompt_tokens\": 1, \"answer_tokens\": 1}", "line 1: 'at_ms'"},
      {"{\"at_ms\": \"0\", \"prompt_tokens\": 1, \"answer_tokens\": 1}", "line 1: 'at_ms'"},
      {"{\"at_ms\": 0, \"answer_tokens\": 1}", "line 1: 'prompt_tokens'"},
      {"{\"at_ms\": 0, \"prompt_tokens\": 0, \"answer_tokens\": 1}", "line 1: 'prompt_tokens'"},
      {"{\"at_ms\": 0, \"prompt_tokens\": 1, \"answer_tokens\": 1.5}", "line 1: 'answer_tokens'"},
      {"{\"at_ms\": 0, \"prompt_tokens\": 1, \"answer_tokens\": 1e30}", "line 1: 'answer_tokens'"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto parsed = parse_trace(row.text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().message.find(row.told) != std::string::npos);
  }
}

TEST_CASE("a trace that is not there is told with its path") {
  CHECK(read_trace("/nonexistent.jsonl").error().message.find("/nonexistent.jsonl") !=
        std::string::npos);
}

}  // namespace
}  // namespace mill::apps
