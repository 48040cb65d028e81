#include "llm/speculate/prompt_lookup.h"

#include <doctest/doctest.h>

#include "llm/speculate/speculator.h"

namespace mill::llm {
namespace {

using Tokens = std::vector<TokenId>;

TEST_CASE("what followed the end of the text before is guessed again") {
  PromptLookup lookup;
  CHECK(lookup.guess(Tokens{1, 2, 3, 4, 5, 6, 9, 1, 2, 3}, 3) == Tokens{4, 5, 6});
}

TEST_CASE("nothing is guessed where the end is new, or the text too short") {
  CHECK(PromptLookup().guess(Tokens{1, 2, 3, 4, 5, 6}, 3).empty());
  CHECK(PromptLookup().guess(Tokens{9, 2, 3, 4, 1, 2, 3}, 3).empty());
  CHECK(PromptLookup().guess(Tokens{1, 1, 1}, 3).empty());
  CHECK(PromptLookup().guess(Tokens{1, 2, 3, 1, 2, 3}, 0).empty());
  CHECK(PromptLookup().guess(Tokens{}, 3).empty());
}

TEST_CASE("a guess that catches up with the end goes on with itself") {
  CHECK(PromptLookup().guess(Tokens{1, 2, 3, 1, 2, 3}, 7) == Tokens{1, 2, 3, 1, 2, 3, 1});
  CHECK(PromptLookup().guess(Tokens{7, 7, 7, 7}, 3) == Tokens{7, 7, 7});
}

TEST_CASE("the place that has most in common wins, of equals the latest") {
  const Tokens text = {8, 1, 2, 3, 50, 9, 1, 2, 3, 60, 7, 1, 2, 3, 70, 8, 1, 2, 3};
  CHECK(PromptLookup().guess(text, 1) == Tokens{50});
  const Tokens equal = {9, 1, 2, 3, 60, 7, 1, 2, 3, 70, 8, 1, 2, 3};
  CHECK(PromptLookup().guess(equal, 1) == Tokens{70});
}

TEST_CASE("a text that grows is read on: the guesses are those of the whole") {
  PromptLookup grown;
  Tokens text;
  for (uint32_t i = 0; i < 400; ++i) {
    text.push_back(static_cast<TokenId>((i * i / 7) % 5));
    CHECK(grown.guess(text, 4) == PromptLookup().guess(text, 4));
  }
}

TEST_CASE("guesses grow while they come true, and pause while they fail") {
  const Tokens text(20, 7);
  Speculator good;
  CHECK(good.guess(text, 100).size() == Speculator::kGuessMax / 2);
  good.tried(4, 4);
  CHECK(good.guess(text, 100).size() == Speculator::kGuessMax);
  CHECK(good.guess(text, 3).size() == 3);
  Speculator poor;
  uint32_t tried = 0;
  for (uint32_t token = 0; token < 1000; ++token) {
    const auto guess = static_cast<uint32_t>(poor.guess(text, 100).size());
    tried += guess > 0;
    poor.tried(guess, 0);
  }
  CHECK(tried > 10);
  CHECK(tried < 25);  // 1 + 2 + 4 + … + 64, and once in 65 tokens from then on
}

}  // namespace
}  // namespace mill::llm
