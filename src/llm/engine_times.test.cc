#include "llm/engine_times.h"

#include <doctest/doctest.h>

#include "llm/engine_core.h"
#include "llm/fake_runner.h"

namespace mill::llm {
namespace {

// Every reading is a second later than the one before.
struct Watched {
  int64_t seconds = 0;
  FakeRunner runner{FakeShape{}};
  EngineCore core{runner, fake_vocabulary(), EngineOptions{},
                  [this] { return ++seconds * 1'000'000'000; }};
  void run(uint64_t id, GenerateRequest request) {
    core.add(id, std::move(request), [](GenerateEvent&&) {});
    while (core.step()) continue;
  }
};

}  // namespace

TEST_CASE("an observation falls into the first bucket that holds it") {
  SecondsHistogram it;
  for (const double value : {0.0, 0.001, 0.0011, 2500.0, 2501.0}) it.observe(value);
  CHECK(it.counts.front() == 2);
  CHECK(it.counts[1] == 1);
  CHECK(it.counts[19] == 1);
  CHECK(it.counts.back() == 1);
  CHECK(it.count() == 5);
  CHECK(it.sum == doctest::Approx(5001.0021));
}

TEST_CASE("a request's times add up to its whole") {
  // Arrival is read at 1 s, the steps' beginnings and ends at 2-3 s, 4-5 s, 6-7 s.
  Watched it;
  it.run(1, {.prompt = {1, 2, 3}, .tokens_max = 3, .ignore_end = true});
  const EngineStats stats = it.core.stats();
  const EngineTimes& times = stats.times;
  CHECK(times.queue.sum == 1);
  CHECK(times.prefill.sum == 1);
  CHECK(times.first_token.sum == 2);
  CHECK(times.inter_token.count() == 2);
  CHECK(times.inter_token.sum == 4);
  CHECK(times.decode.sum == 4);
  CHECK(times.whole.sum == 6);
  CHECK(times.prompt.sum == 3);
  CHECK(times.generated.sum == 3);
  CHECK(times.step.sum == 5);  // 3 + 1 + 1
  CHECK(stats.finished[static_cast<size_t>(FinishReason::length)] == 1);
}

TEST_CASE("a request that is cancelled in the queue was never scheduled") {
  Watched it;
  it.core.add(1, {.prompt = {1, 2, 3}}, [](GenerateEvent&&) {});
  it.core.cancel(1);
  const EngineStats stats = it.core.stats();
  CHECK(stats.finished[static_cast<size_t>(FinishReason::cancelled)] == 1);
  CHECK(stats.times.queue.count() == 0);
  CHECK(stats.times.first_token.count() == 0);
  CHECK(stats.times.whole.count() == 1);
  CHECK(stats.prompt_tokens == 0);
}

}  // namespace mill::llm
