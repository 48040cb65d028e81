#include "llm/engine_core.h"

#include <doctest/doctest.h>

#include <cmath>

#include "llm/fake_runner.h"
#include "llm/simulation.h"

namespace mill::llm {
namespace {

World fake_world(FakeShape shape = {}) {
  return {.runner = [shape](uint32_t blocks) -> std::unique_ptr<Runner> {
            FakeShape sized = shape;
            sized.blocks = blocks;
            return std::make_unique<FakeRunner>(sized);
          },
          .vocabulary = fake_vocabulary()};
}

TEST_CASE("requests in any company answer as if they were alone") {
  const World world = fake_world();
  uint64_t yields = 0, cached_tokens = 0, cancelled = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Simulation simulation(world, seed);
    REQUIRE(simulation.run() == "");
    yields += simulation.stats().yields;
    cached_tokens += simulation.stats().cached_tokens;
    cancelled += simulation.stats().requests_cancelled;
  }
  CHECK(yields > 300);  // the seeds see what they are meant to see
  CHECK(cached_tokens > 10000);
  CHECK(cancelled > 1000);
}

TEST_CASE("guesses change nothing: answers that repeat themselves, in company, as if alone") {
  uint64_t guessed = 0, accepted = 0, yields = 0, cached_tokens = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const World world = fake_world({.vocab = 24 + seed % 40, .memory = 1 + seed % 2});
    Simulation simulation(world, seed);
    REQUIRE(simulation.run() == "");
    guessed += simulation.stats().guessed_tokens;
    accepted += simulation.stats().accepted_tokens;
    yields += simulation.stats().yields;
    cached_tokens += simulation.stats().cached_tokens;
  }
  CHECK(accepted > 10000);
  CHECK(guessed - accepted > 10000);
  CHECK(yields > 300);
  CHECK(cached_tokens > 10000);
}

TEST_CASE("sleep changes nothing: requests that run or arrive meanwhile answer as if alone") {
  World world = fake_world({.memory = 2});
  world.sleeps = true;
  uint64_t sleeps = 0, cancelled = 0;
  for (uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    Simulation simulation(world, seed);
    REQUIRE(simulation.run() == "");
    sleeps += simulation.sleeps();
    cancelled += simulation.stats().requests_cancelled;
  }
  CHECK(sleeps > 1000);
  CHECK(cancelled > 1000);
}

// A Runner that is asked for more or less what it was built for, step by step.
struct Bench {
  FakeRunner runner;
  EngineCore core;
  std::vector<GenerateEvent> events = {};
  uint64_t last_id = 0;

  explicit Bench(FakeShape shape = {}, EngineOptions options = {})
      : runner(shape), core(runner, fake_vocabulary(), options) {}

  uint64_t add(GenerateRequest request) {
    core.add(++last_id, std::move(request),
             [this](GenerateEvent&& event) { events.push_back(std::move(event)); });
    return last_id;
  }
  void finish() {
    while (core.step()) continue;
  }
};

// A prompt that is answered with this token over and over.
GenerateRequest insisting_on(TokenId token, uint32_t tokens_max) {
  GenerateRequest request;
  request.prompt = {5};
  request.tokens_max = tokens_max;
  request.sampling.logit_bias[token] = 100;
  return request;
}

TEST_CASE("the paths of a prompt compute it once, whenever each of them comes") {
  for (const int steps_between : {0, 1, 3, 10}) {
    CAPTURE(steps_between);
    Bench bench({}, {.chunk_tokens = 32});
    for (uint64_t seed = 0; seed < 8; ++seed) {
      GenerateRequest request{.prompt = std::vector<TokenId>(100, 7), .tokens_max = 20};
      request.sampling.seed = seed;
      request.ignore_end = true;
      bench.add(std::move(request));
      for (int step = 0; step < steps_between; ++step) bench.core.step();
    }
    bench.finish();
    const EngineStats stats = bench.core.stats();
    CHECK(stats.generated_tokens == 8 * 20);
    CHECK(stats.prefill_tokens <= 100 + 7);
    CHECK((steps_between > 0 || stats.prefill_tokens == 100));
  }
}

TEST_CASE("an answer ends at tokens_max, or where the context does") {
  Bench bench;
  bench.add({.prompt = {1, 2, 3}, .tokens_max = 5, .ignore_end = true});
  bench.finish();
  CHECK(bench.events.size() == 5);
  CHECK(bench.events.back().finish == FinishReason::length);
  CHECK(bench.events.back().generated_tokens == 5);
  bench.events.clear();
  bench.add({.prompt = {1, 2, 3}, .ignore_end = true});
  bench.finish();
  CHECK(bench.events.size() == 192 - 3);
  CHECK(bench.events.back().finish == FinishReason::length);
}

TEST_CASE("the token that ends an answer is told, without text") {
  Bench bench;
  bench.add(insisting_on(0, 9));
  bench.finish();
  REQUIRE(bench.events.size() == 1);
  CHECK(bench.events[0].finish == FinishReason::stop);
  CHECK(bench.events[0].tokens == std::vector<TokenId>{0});
  CHECK(bench.events[0].text == "");
}

TEST_CASE("a stop string is found across tokens and is not told") {
  Bench bench;
  GenerateRequest request = insisting_on(12, 9);  // "M"
  request.stop = {"MMM"};
  bench.add(request);
  bench.finish();
  REQUIRE(bench.events.size() == 3);
  for (const GenerateEvent& event : bench.events) CHECK(event.text == "");
  CHECK(bench.events.back().finish == FinishReason::stop);
}

TEST_CASE("a step ends with its line") {
  FakeRunner runner({});
  const auto piece = [](TokenId token) -> std::string {
    static constexpr const char* kPieces[] = {"\n", " ", " \n", "so\n"};
    return kPieces[token % 4];
  };
  EngineCore core(runner, {.piece = piece, .ends_generation = [](TokenId) { return false; }}, {});
  std::vector<GenerateEvent> events;
  core.add(1, {.prompt = {1, 2, 3}, .tokens_max = 100, .step = true},
           [&](GenerateEvent&& event) { events.push_back(std::move(event)); });
  while (core.step()) continue;
  std::string text;
  for (const GenerateEvent& event : events) {
    CHECK(event.step == (&event == &events.back()));
    text += event.text;
  }
  CHECK(events.back().finish == FinishReason::stop);
  CHECK(text.find("so\n") == text.size() - 3);
}

TEST_CASE("what was held back for a stop string comes at the end") {
  Bench bench;
  GenerateRequest request = insisting_on(12, 2);
  request.stop = {"MMM"};
  bench.add(request);
  bench.finish();
  REQUIRE(bench.events.size() == 2);
  CHECK(bench.events[0].text == "");
  CHECK(bench.events[1].text == "MM");
  CHECK(bench.events[1].finish == FinishReason::length);
}

TEST_CASE("the prompt's own logprobs come once each, whatever the chunks") {
  const std::vector<TokenId> prompt = {4, 8, 15, 16, 23, 42, 4, 8, 15, 16, 23, 42};
  std::vector<TokenLogprob> expected;
  for (uint32_t chunk : {100U, 1U, 5U}) {
    Bench bench({}, {.chunk_tokens = chunk});
    for (int twice = 0; twice < 2; ++twice) {
      bench.events.clear();
      bench.add({.prompt = prompt, .tokens_max = 1, .logprobs = 2, .echo_logprobs = true});
      bench.finish();
      std::vector<TokenLogprob> told;
      for (const GenerateEvent& event : bench.events) {
        CHECK(event.alternatives.size() == event.tokens.size());
        if (event.echo) told.insert(told.end(), event.logprobs.begin(), event.logprobs.end());
      }
      REQUIRE(told.size() == prompt.size());
      CHECK(std::isnan(told[0].logprob));
      if (expected.empty()) expected = told;
      for (size_t i = 0; i < prompt.size(); ++i) CHECK(told[i].token == prompt[i]);
      for (size_t i = 1; i < prompt.size(); ++i) CHECK(told[i].logprob == expected[i].logprob);
      CHECK_FALSE(bench.events.back().echo);
      CHECK(bench.events.back().generated_tokens == 1);
    }
  }
}

TEST_CASE("a cached prompt is told and counted") {
  Bench bench;
  const std::vector<TokenId> prompt(100, 7);
  bench.add({.prompt = prompt, .tokens_max = 1});
  bench.finish();
  CHECK(bench.events.back().cached_tokens == 0);
  bench.add({.prompt = prompt, .tokens_max = 1});
  bench.finish();
  CHECK(bench.events.back().cached_tokens == 96);
  CHECK(bench.events.back().prompt_tokens == 100);
  const EngineStats stats = bench.core.stats();
  CHECK(stats.prompt_tokens == 200);
  CHECK(stats.cached_tokens == 96);
  CHECK(stats.generated_tokens == 2);
  CHECK(stats.requests_done == 2);
  CHECK(stats.blocks_used == 0);
}

TEST_CASE("cancelling tells so, once, and frees everything") {
  Bench bench;
  const uint64_t id = bench.add({.prompt = {1, 2}, .ignore_end = true});
  bench.core.step();
  bench.core.step();
  bench.core.cancel(id);
  bench.core.cancel(id);
  CHECK_FALSE(bench.core.step());
  REQUIRE(bench.events.size() == 3);
  CHECK(bench.events.back().finish == FinishReason::cancelled);
  CHECK(bench.core.stats().blocks_used == 0);
}

class BrokenRunner : public FakeRunner {
 public:
  using FakeRunner::FakeRunner;
  void step(std::span<const BatchPiece>, std::span<float> logits) override {
    std::ranges::fill(logits, std::nanf(""));
  }
};

TEST_CASE("joules: the requests' shares and the idle part are what the meter says") {
  double meter = 50;
  FakeRunner runner({});
  EngineCore core(
      runner, fake_vocabulary(), {.chunk_tokens = 8}, [] { return int64_t{0}; },
      [&] { return meter += 1.5; });
  std::map<uint64_t, double> shares;
  const auto ask = [&](uint64_t id, uint32_t prompt) {
    GenerateRequest request;
    request.prompt.assign(prompt, 5);
    request.tokens_max = 6;
    request.ignore_end = true;
    core.add(id, request, [&shares, id](GenerateEvent&& it) { shares[id] = it.joules; });
  };
  ask(1, 3);
  ask(2, 40);
  for (int i = 0; i < 4; ++i) core.step();
  core.cancel(2);
  while (core.step()) continue;
  meter += 100;  // idle
  ask(3, 1);
  core.step();
  core.cancel(3);  // the last one goes between two steps
  core.step();
  meter += 100;  // idle again
  ask(4, 1);
  while (core.step()) continue;
  CHECK(core.stats().energy.idle > 200);
  CHECK(shares[4] < 100);
  CHECK(shares[1] + shares[2] + shares[3] + shares[4] ==
        doctest::Approx(core.stats().energy.steps));
  CHECK(core.stats().energy.steps + core.stats().energy.idle == doctest::Approx(meter - 51.5));
  CHECK(shares[2] > shares[1]);
}

TEST_CASE("a request that has not begun by its deadline is refused, and one that has goes on") {
  int64_t now = 1'000;
  FakeRunner runner({});
  EngineCore core(runner, fake_vocabulary(), {.running_max = 1}, [&] { return now; });
  std::vector<GenerateEvent> last(3);
  for (uint64_t id = 1; id <= 2; ++id) {
    GenerateRequest request;
    request.prompt = {5};
    request.tokens_max = 4;
    request.ignore_end = true;
    request.admission.queue_ns_max = 2'000'000'000;
    core.add(id, request, [&last, id](GenerateEvent&& event) { last[id] = std::move(event); });
  }
  core.step();
  now += 2'500'000'000;
  while (core.step()) continue;
  CHECK(last[1].finish == FinishReason::length);
  CHECK(last[2].finish == FinishReason::error);
  CHECK(last[2].error.kind == ErrorKind::exhausted);
  CHECK(last[2].error.message.find("has waited for 2.5 s") != std::string::npos);
  CHECK(core.stats().requests_late == 1);
  CHECK(core.active() == 0);
}

TEST_CASE("logits that are no numbers end the request with an error") {
  for (bool echo : {false, true}) {
    BrokenRunner runner(FakeShape{});
    EngineCore core(runner, fake_vocabulary(), {});
    GenerateEvent last;
    core.add(1, {.prompt = {1, 2, 3}, .echo_logprobs = echo},
             [&](GenerateEvent&& event) { last = std::move(event); });
    while (core.step()) continue;
    CHECK(last.finish == FinishReason::error);
    CHECK(last.error.message.find("no number") != std::string::npos);
    CHECK(core.active() == 0);
  }
}

}  // namespace
}  // namespace mill::llm
