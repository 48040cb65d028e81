#include "llm/reason/vote.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace mill::llm {
namespace {

using Answers = std::vector<std::optional<std::string>>;

Vote vote_of(const Answers& answers, const std::vector<uint32_t>& order) {
  Vote vote;
  for (const uint32_t sample : order) vote.cast(sample, answers[sample]);
  return vote;
}

}  // namespace

TEST_CASE("most win, and of as many the first sample") {
  Vote vote;
  CHECK_FALSE(vote.winner().has_value());
  CHECK_FALSE(vote.decided(1));
  vote.cast(2, "18");
  vote.cast(0, std::nullopt);
  vote.cast(1, "17");
  CHECK(vote.winner()->answer == "17");
  CHECK_FALSE(vote.decided(1));
  vote.cast(3, "18");
  CHECK(vote.winner()->answer == "18");
  CHECK(vote.winner()->sample == 2);
  CHECK(vote.winner()->votes == 2);
  CHECK_FALSE(vote.decided(1));
  vote.cast(4, "18");
  CHECK(vote.decided(1));
  CHECK_FALSE(vote.decided(2));
  CHECK(vote.cast() == 5);
}

TEST_CASE("the order in which answers come changes no winner, and none once it is decided") {
  std::mt19937 random(1);
  for (int world = 0; world < 500; ++world) {
    Answers answers(1 + random() % 12);
    for (auto& it : answers)
      if (random() % 5 > 0) it = std::string(1, static_cast<char>('a' + random() % 3));
    std::vector<uint32_t> order(answers.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto expected = vote_of(answers, order).winner();
    std::shuffle(order.begin(), order.end(), random);
    Vote vote;
    auto outstanding = static_cast<uint32_t>(order.size());
    for (const uint32_t sample : order) {
      vote.cast(sample, answers[sample]);
      if (vote.decided(--outstanding) && outstanding > 0)
        CHECK(vote.winner()->answer == expected->answer);
    }
    CHECK(vote.winner().has_value() == expected.has_value());
    if (expected) CHECK(vote.winner()->sample == expected->sample);
  }
}

}  // namespace mill::llm
