#include "llm/thought_limit.h"

#include <doctest/doctest.h>

#include "llm/engine_core.h"
#include "llm/fake_runner.h"

namespace mill::llm {
namespace {

// What comes of pieces, "!" for a token that had to come.
std::string told(ThoughtClock clock, const std::vector<std::string>& pieces) {
  std::string out;
  for (const std::string& piece : pieces) {
    while (clock.due()) out += '!';
    out += piece;
    clock.took(piece);
  }
  while (clock.due()) out += '!';
  return out;
}

ThoughtLimit limit(std::string open) {
  return {.open = std::move(open), .close = "</t>", .closing = {1, 2}, .tokens_max = 3, .grace = 2};
}

}  // namespace

TEST_CASE("thoughts end with a sentence, or with the grace, or by themselves") {
  CHECK(told(ThoughtClock(limit("")), {"a", "b", "c.", "d", "e"}) == "abc.!!de");
  CHECK(told(ThoughtClock(limit("")), {"a", "b", "c", "d?", "e"}) == "abcd?!!e");
  CHECK(told(ThoughtClock(limit("")), {"a", "b", "c", "d", "e", "f"}) == "abcde!!f");
  CHECK(told(ThoughtClock(limit("")), {"a", "</", "t>", "d", "e", "f"}) == "a</t>def");
  CHECK(told(ThoughtClock(limit("<t>")), {"\n<", "t>", "a.", "b.", "c.", "d"}) == "\n<t>a.b.c.!!d");
  CHECK(told(ThoughtClock(limit("<t>")), {"N", "o.", "a.", "b.", "c.", "d"}) == "No.a.b.c.d");
  CHECK(told(ThoughtClock({}), {"a.", "b.", "c.", "d."}) == "a.b.c.d.");
}

TEST_CASE("the engine writes what closes the thoughts, and goes on") {
  FakeRunner runner({});
  EngineCore core(runner, fake_vocabulary(), {});
  std::vector<TokenId> tokens;
  GenerateRequest request{.prompt = {1, 2, 3}, .tokens_max = 20, .ignore_end = true};
  request.thoughts = {.close = "</t>", .closing = {40, 41}, .tokens_max = 5, .grace = 0};
  core.add(1, request, [&](GenerateEvent&& event) {
    tokens.insert(tokens.end(), event.tokens.begin(), event.tokens.end());
  });
  while (core.step()) {
  }
  REQUIRE(tokens.size() == 20);
  CHECK(tokens[5] == 40);
  CHECK(tokens[6] == 41);
}

}  // namespace mill::llm
