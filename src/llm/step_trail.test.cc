#include "llm/step_trail.h"

#include <doctest/doctest.h>

namespace mill::llm {

TEST_CASE("the last steps are kept, each with its own pieces, and not the one under way") {
  StepTrail trail;
  for (uint64_t step = 1; step <= 1000; ++step) {
    const auto begin = static_cast<int64_t>(10 * step);
    trail.begin(step, begin);
    for (uint64_t i = 0; i < step % 5; ++i) trail.add({.sequence = step + i, .tokens = 1});
    trail.end(begin + 7);
  }
  trail.begin(1001, 20'000);
  trail.add({.sequence = 1, .tokens = 1});
  const auto steps = trail.steps();
  REQUIRE(steps.size() == StepTrail::kSteps - 1);
  for (size_t i = 0; i < steps.size(); ++i) {
    CHECK(steps[i].step == 1000 - steps.size() + 1 + i);
    CHECK(steps[i].ended - steps[i].began == 7);
    REQUIRE(steps[i].pieces.size() == steps[i].step % 5);
    for (size_t piece = 0; piece < steps[i].pieces.size(); ++piece)
      CHECK(steps[i].pieces[piece].sequence == steps[i].step + piece);
  }
  CHECK(trail.busy() == 7000);
}

TEST_CASE("few steps are all there; none are none") {
  StepTrail trail;
  CHECK(trail.steps().empty());
  trail.begin(5, 1);
  CHECK(trail.steps().empty());
  trail.end(2);
  REQUIRE(trail.steps().size() == 1);
  CHECK(trail.steps().front().step == 5);
}

TEST_CASE("of those that have left, the last ones are remembered") {
  StepTrail trail;
  for (uint64_t i = 1; i <= 2 * StepTrail::kDeparted; ++i)
    trail.depart({.sequence = i, .request = "req", .tenant = "acme"});
  REQUIRE(trail.departed().size() == StepTrail::kDeparted);
  CHECK(trail.departed().front().sequence == StepTrail::kDeparted + 1);
}

}  // namespace mill::llm
