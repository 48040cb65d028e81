#include "llm/sleep.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <optional>
#include <thread>

#include "llm/engine_rig.h"
#include "llm/engine_view.h"

namespace mill::llm {
namespace {

// A factory whose Runners are counted while they live, and which can be told to fail.
struct Mill {
  std::atomic<int> alive = 0, made = 0;
  std::atomic<bool> broken = false;
  FakeShape shape = kShape;

  class Counted : public FakeRunner {
   public:
    Counted(FakeShape shape, std::atomic<int>& alive) : FakeRunner(shape), alive_(alive) {
      ++alive_;
    }
    ~Counted() override { --alive_; }

   private:
    std::atomic<int>& alive_;
  };

  std::unique_ptr<Runner> runner() { return std::make_unique<Counted>(shape, alive); }
  RunnerFactory factory() {
    return [this]() -> Result<std::unique_ptr<Runner>> {
      ++made;
      if (broken) return fail(ErrorKind::io, "the mill has burnt down");
      return runner();
    };
  }
};

// Waits for what an order has come to: nothing where it went well, else the Error's sentence.
struct Order {
  std::promise<std::string> promise;
  std::future<std::string> future = promise.get_future();
  Error error;

  Told told() {
    return [this](const Result<void>& result) {
      if (!result) error = result.error();
      promise.set_value(result ? "" : result.error().message);
    };
  }
  std::string wait() { return future.get(); }
};

std::string sleep(Engine& engine, SleepOptions how = {}) {
  Order order;
  engine.sleep(how, order.told());
  return order.wait();
}

std::string wake(Engine& engine) {
  Order order;
  engine.wake(order.told());
  return order.wait();
}

GenerateRequest request(uint64_t seed) {
  GenerateRequest it;
  it.prompt.assign(80, static_cast<TokenId>(seed));
  it.tokens_max = 20;
  it.sampling = {.temperature = 1, .seed = seed};
  it.ignore_end = true;
  return it;
}

Transcript answer(Engine& engine, const GenerateRequest& it) {
  Listener listener;
  REQUIRE(engine.submit(it, listener.sink()).has_value());
  engine.drain();
  return listener.told;
}

constexpr SleepOptions kHeld = {.held = true};

}  // namespace

TEST_CASE("a request wakes a sleeping engine, and is answered as before") {
  Mill mill;
  Engine engine(mill.runner(), byte_tokenizer(), {}, [] { return 0.0; }, mill.factory());
  const Transcript before = answer(engine, request(3));
  const uint64_t cached = engine.stats().cached_tokens;
  CHECK(answer(engine, request(3)) == before);
  CHECK(engine.stats().cached_tokens > cached);
  const uint64_t then = engine.stats().cached_tokens;
  CHECK(sleep(engine) == "");
  CHECK(engine.stats().sleep.sleeping);
  const auto seen = engine.look(std::chrono::minutes(1));
  CHECK(seen->stats.sleep.sleeping);
  CHECK(seen->stats.sleep.sleeps == 1);
  CHECK(seen->memory.kv == 0);
  CHECK(mill.alive == 0);
  CHECK(answer(engine, request(3)) == before);
  const EngineStats stats = engine.stats();
  CHECK_FALSE(stats.sleep.sleeping);
  CHECK(stats.sleep.sleeps == 1);
  CHECK(stats.sleep.wakes == 1);
  CHECK(stats.sleep.last_wake_seconds > 0);
  CHECK(stats.cached_tokens == then);  // what was cached is gone
  CHECK(stats.requests_done == 3);
  CHECK(mill.alive == 1);
}

TEST_CASE(
    "requests are parked while it sleeps: some leave, some are too late, the others are served") {
  Mill mill;
  Engine engine(mill.runner(), byte_tokenizer(), {}, [] { return 0.0; }, mill.factory());
  const Transcript whole = answer(engine, request(3));
  CHECK(sleep(engine, kHeld) == "");
  Listener leaves, late, served;
  GenerateRequest hurried = request(2);
  hurried.admission.queue_ns_max = 1'000'000;
  const auto id = engine.submit(request(1), leaves.sink());
  REQUIRE(engine.submit(hurried, late.sink()).has_value());
  REQUIRE(engine.submit(request(3), served.sink()).has_value());
  engine.cancel(id.value());
  leaves.wait_for(1);
  late.wait_for(1);
  CHECK(leaves.told.finish == FinishReason::cancelled);
  CHECK(late.told.finish == FinishReason::error);
  CHECK(late.told.error.find("was not begun") != std::string::npos);
  CHECK(engine.stats().sleep.sleeping);
  CHECK(served.endings == 0);
  CHECK(wake(engine) == "");
  engine.drain();
  CHECK(served.told == whole);
  CHECK(mill.made == 1);
}

TEST_CASE("orders that change nothing are done at once") {
  Mill mill;
  Engine engine(mill.runner(), byte_tokenizer(), {}, [] { return 0.0; }, mill.factory());
  CHECK(wake(engine) == "");
  CHECK(sleep(engine) == "");
  CHECK(sleep(engine, kHeld) == "");
  CHECK(engine.stats().sleep.sleeps == 1);
  CHECK(wake(engine) == "");
  CHECK(wake(engine) == "");
  CHECK(engine.stats().sleep.wakes == 1);
}

TEST_CASE("whoever waits for an engine that cannot wake is told so, and the next one tries again") {
  Mill mill;
  Engine engine(mill.runner(), byte_tokenizer(), {}, [] { return 0.0; }, mill.factory());
  const Transcript whole = answer(engine, request(1));
  CHECK(sleep(engine) == "");
  mill.broken = true;
  for (uint64_t i = 1; i < 3; ++i) {
    const Transcript told = answer(engine, request(i));
    CHECK(told.finish == FinishReason::error);
    CHECK(told.error == "The model sleeps and could not be woken: the mill has burnt down");
  }
  CHECK(wake(engine).find("burnt down") != std::string::npos);
  CHECK(engine.stats().sleep.failed_wakes == 3);
  CHECK(engine.stats().waiting == 0);
  mill.broken = false;
  CHECK(answer(engine, request(1)) == whole);
}

TEST_CASE("another model than the one that fell asleep is none") {
  Mill mill;
  Engine engine(mill.runner(), byte_tokenizer(), {}, [] { return 0.0; }, mill.factory());
  CHECK(sleep(engine) == "");
  mill.shape.vocab = 300;
  CHECK(wake(engine).find("has changed") != std::string::npos);
  CHECK(mill.alive == 0);
  mill.shape = kShape;
  mill.shape.blocks = 7;  // there is less memory now, but enough for a whole context
  CHECK(wake(engine) == "");
  CHECK(engine.stats().blocks_total == 7);
  CHECK(answer(engine, request(1)).tokens.size() == 20);
}

TEST_CASE("without a factory there is no sleep") {
  Engine engine(std::make_unique<FakeRunner>(kShape), byte_tokenizer(), {.sleep_after_ns = 1});
  CHECK(sleep(engine).find("cannot sleep") != std::string::npos);
  CHECK(wake(engine) == "");
  CHECK(answer(engine, request(1)).tokens.size() == 20);
}

TEST_CASE("an engine that nobody asks falls asleep by itself, again and again") {
  Mill mill;
  Engine engine(
      mill.runner(), byte_tokenizer(), {.sleep_after_ns = 1}, [] { return 0.0; }, mill.factory());
  const auto until = [&](uint64_t sleeps) {
    while (engine.stats().sleep.sleeps < sleeps) std::this_thread::yield();
  };
  until(1);
  const Transcript first = answer(engine, request(5));
  until(2);
  CHECK(answer(engine, request(5)) == first);
  until(3);
}

TEST_CASE("what waits for a sleeping engine ends with it") {
  Mill mill;
  Listener parked;
  {
    Engine engine(mill.runner(), byte_tokenizer(), {}, [] { return 0.0; }, mill.factory());
    CHECK(sleep(engine, kHeld) == "");
    REQUIRE(engine.submit(request(1), parked.sink()).has_value());
    engine.stop();
    CHECK(sleep(engine) == "the model has stopped");
    CHECK(wake(engine) == "the model has stopped");
  }
  CHECK(parked.endings == 1);
  CHECK(parked.told.finish == FinishReason::cancelled);
  CHECK(mill.made == 0);
}

TEST_CASE("an engine that stops while it wakes waits for the Runner, and lets it go") {
  Mill mill;
  std::promise<void> begun, gate;
  const auto slow = [&]() -> Result<std::unique_ptr<Runner>> {
    begun.set_value();
    gate.get_future().wait();
    return mill.runner();
  };
  Listener parked;
  Order waking, sleeping;
  Engine engine(mill.runner(), byte_tokenizer(), {}, [] { return 0.0; }, slow);
  CHECK(sleep(engine) == "");
  REQUIRE(engine.submit(request(1), parked.sink()).has_value());
  begun.get_future().wait();
  engine.wake(waking.told());
  engine.sleep({}, sleeping.told());
  std::thread stopping([&] { engine.stop(); });
  parked.wait_for(1);
  gate.set_value();
  stopping.join();
  CHECK(parked.told.finish == FinishReason::cancelled);
  CHECK(waking.wait() == "the model stops");
  CHECK(waking.error.kind == ErrorKind::cancelled);
  CHECK(sleeping.wait() == "the model stops");
}

TEST_CASE("requests that come while it wakes can leave, and a sleep comes after it") {
  Mill mill;
  std::promise<void> gate;
  std::atomic<bool> begun = false;
  const auto slow = [&]() -> Result<std::unique_ptr<Runner>> {
    if (!begun.exchange(true)) gate.get_future().wait();
    return mill.runner();
  };
  Listener leaves, parked;
  Order sleeping;
  Engine engine(mill.runner(), byte_tokenizer(), {}, [] { return 0.0; }, slow);
  const Transcript whole = answer(engine, request(1));
  CHECK(sleep(engine) == "");
  REQUIRE(engine.submit(request(1), parked.sink()).has_value());
  while (!engine.stats().sleep.waking) std::this_thread::yield();
  CHECK(engine.look(std::chrono::minutes(1))->stats.sleep.waking);
  const auto id = engine.submit(request(2), leaves.sink());
  engine.cancel(id.value());
  leaves.wait_for(1);
  CHECK(leaves.told.finish == FinishReason::cancelled);
  engine.sleep({}, sleeping.told());
  gate.set_value();
  CHECK(sleeping.wait() == "");
  engine.drain();
  CHECK(parked.told == whole);
}

namespace {

// An engine in the middle of an answer's first step, with another request behind it.
struct Busy {
  Mill mill;
  std::promise<void> gate, entered;
  std::atomic<bool> seen = false, closing = false;
  Listener runs, waits;
  Transcript whole;
  std::optional<Engine> engine;

  Busy() {
    Engine alone(std::make_unique<FakeRunner>(kShape), byte_tokenizer(), {});
    whole = answer(alone, request(1));
    auto gated = std::make_unique<GatedRunner>(gate.get_future().share(), [this] {
      if (!seen.exchange(true)) return entered.set_value();
      if (engine->stats().sleep.closing) closing = true;
    });
    engine.emplace(
        std::move(gated), byte_tokenizer(), EngineOptions{.running_max = 1}, [] { return 0.0; },
        mill.factory());
    REQUIRE(engine->submit(request(1), runs.sink()).has_value());
    entered.get_future().wait();
    REQUIRE(engine->submit(request(1), waits.sink()).has_value());
  }

  std::string sleep_in_step(Farewell running) {
    Order order;
    engine->sleep({.running = running, .held = true}, order.told());
    gate.set_value();
    return order.wait();
  }
};

}  // namespace

TEST_CASE("who runs comes to an end before it sleeps; who waits is parked") {
  Busy busy;
  CHECK(busy.sleep_in_step(Farewell::wait) == "");
  CHECK(busy.closing);
  CHECK_FALSE(busy.engine->stats().sleep.closing);
  CHECK(busy.runs.told == busy.whole);
  CHECK(busy.waits.endings == 0);
  CHECK(wake(*busy.engine) == "");
  busy.engine->drain();
  CHECK(busy.waits.told == busy.whole);
}

TEST_CASE("who runs is parked, and goes on after it") {
  Busy busy;
  CHECK(busy.sleep_in_step(Farewell::keep) == "");
  CHECK(busy.runs.endings == 0);
  CHECK(busy.engine->stats().waiting == 2);
  CHECK(busy.engine->stats().blocks_used == 0);
  CHECK(wake(*busy.engine) == "");
  busy.engine->drain();
  CHECK(busy.runs.told == busy.whole);
  CHECK(busy.waits.told == busy.whole);
}

TEST_CASE("who runs and who waits is cancelled") {
  Busy busy;
  CHECK(busy.sleep_in_step(Farewell::cancel) == "");
  CHECK(busy.runs.told.finish == FinishReason::cancelled);
  CHECK(busy.waits.told.finish == FinishReason::cancelled);
  CHECK(busy.runs.told.begins(busy.whole));
}

TEST_CASE("an engine that is woken before it slept goes on") {
  Busy busy;
  Order sleeping, waking;
  busy.engine->sleep(kHeld, sleeping.told());
  busy.engine->wake(waking.told());
  busy.gate.set_value();
  CHECK(sleeping.wait() == "it was woken before it slept");
  CHECK(waking.wait() == "");
  busy.engine->drain();
  CHECK(busy.runs.told == busy.whole);
  CHECK(busy.waits.told == busy.whole);
  CHECK(busy.engine->stats().sleep.sleeps == 0);
}

}  // namespace mill::llm
