#include "apps/load_events.h"

#include <doctest/doctest.h>

namespace mill::apps {
namespace {

using Events = std::vector<std::string>;

Events by_pieces(std::string_view text, size_t size) {
  EventReader reader;
  Events all;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    for (auto& event : reader.feed(text.substr(0, size))) all.push_back(std::move(event));
  }
  return all;
}

TEST_CASE("events are read, however their bytes come") {
  struct Row {
    const char* text;
    Events events;
  };
  const Row rows[] = {
      {"data: a\n\ndata: b\n\n", {"a", "b"}},
      {"data: a\r\n\r\ndata:b\r\n\r\n", {"a", "b"}},
      {": ping\n\nevent: x\nid: 1\ndata: a\nretry: 5\n\n", {"a"}},
      {"data: a\ndata: b\n\n", {"a\nb"}},
      {"data:\n\n", {""}},
      {"data:  a\n\n", {" a"}},
      {"\n\n\n", {}},
      {"data: never ended", {}},
      {"data: never ended\n", {}},
      {"database: a\n\n", {}},
  };
  for (const Row& row : rows) {
    for (size_t size = 1; size < 30; ++size) {
      CAPTURE(row.text);
      CAPTURE(size);
      CHECK(by_pieces(row.text, size) == row.events);
    }
  }
}

TEST_CASE("what an event says") {
  CHECK(read_completion_event("[DONE]").done);
  CHECK(read_completion_event(R"({"choices":[{"text":" a"}],"usage":null})").has_text);
  for (const char* silent :
       {R"({"choices":[{"text":""}]})", R"({"choices":[]})", R"({"choices":[{}]})",
        R"({"choices":[1]})", R"({"choices":{}})", R"({"choices":[{"text":null}]})", "{}"}) {
    CAPTURE(silent);
    const CompletionEvent event = read_completion_event(silent);
    CHECK_FALSE(event.has_text);
    CHECK_FALSE(event.done);
    CHECK(event.error.empty());
    CHECK_FALSE(event.usage.has_value());
  }
}

TEST_CASE("usage, with and without what was cached") {
  const auto whole = read_completion_event(
      R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,
          "prompt_tokens_details":{"cached_tokens":5}}})");
  REQUIRE(whole.usage.has_value());
  CHECK(whole.usage->prompt == 7);
  CHECK(whole.usage->answer == 3);
  CHECK(whole.usage->cached == 5);
  CHECK(read_completion_event(R"({"usage":{"prompt_tokens":7}})").usage->cached == 0);
  CHECK(read_completion_event(R"({"usage":{"prompt_tokens":-7}})").usage->prompt == 0);
}

TEST_CASE("errors within a stream") {
  CHECK(read_completion_event(R"({"error":{"message":"no room"}})").error == "no room");
  CHECK(read_completion_event(R"({"error":"no room"})").error == "\"no room\"");
  CHECK(read_completion_event(R"({"error":null})").error.empty());
  CHECK(read_completion_event("<html>").error.find("<html>") != std::string::npos);
}

}  // namespace
}  // namespace mill::apps
