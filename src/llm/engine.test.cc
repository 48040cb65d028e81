#include "llm/engine.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

#include "llm/engine_rig.h"
#include "llm/engine_view.h"

namespace mill::llm {
namespace {

TEST_CASE("many threads: every answer is as if it were alone, and drain waits for all") {
  const Tokenizer tokenizer = byte_tokenizer();
  const World world = byte_world(tokenizer);
  constexpr size_t kThreads = 4, kEach = 12;
  std::vector<GenerateRequest> requests;
  Simulation simulation(world, 7);
  for (size_t i = 0; i < kThreads * kEach; ++i) requests.push_back(simulation.random_request());
  std::vector<Listener> listeners(requests.size());
  Engine engine(std::make_unique<FakeRunner>(kShape), tokenizer,
                {.chunk_tokens = 50, .running_max = 20});
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (size_t i = thread * kEach; i < (thread + 1) * kEach; ++i) {
        const auto id = engine.submit(requests[i], listeners[i].sink());
        if (i % 5 == 0) listeners[i].wait_for(i % 7);
        if (i % 5 == 0) engine.cancel(id.value());
        static_cast<void>(engine.stats());
        if (i % 3 == 0) CHECK(engine.look(std::chrono::minutes(1)) != nullptr);
      }
    });
  for (std::thread& it : threads) it.join();
  engine.drain();
  for (size_t i = 0; i < requests.size(); ++i) {
    CAPTURE(i);
    const Transcript whole = simulation.alone(requests[i]);
    CHECK(listeners[i].endings == 1);
    if (listeners[i].told.finish == FinishReason::cancelled) {
      CHECK(listeners[i].told.begins(whole));
    } else {
      CHECK(listeners[i].told == whole);
    }
  }
  const EngineStats stats = engine.stats();
  CHECK(stats.requests_done + stats.requests_cancelled == requests.size());
  CHECK(stats.running == 0);
  CHECK(stats.waiting == 0);
  CHECK(stats.blocks_used == 0);
}

TEST_CASE("the text of an answer is what the tokenizer decodes") {
  const Tokenizer tokenizer = byte_tokenizer();
  Engine engine(std::make_unique<FakeRunner>(kShape), tokenizer, {});
  Listener listener;
  GenerateRequest request;
  request.prompt = tokenizer.encode("Once upon a time");
  request.tokens_max = 100;
  request.ignore_end = true;
  REQUIRE(engine.submit(request, listener.sink()).has_value());
  engine.drain();
  CHECK(listener.told.tokens.size() == 100);
  Utf8Stream characters;
  std::string decoded = characters.feed(tokenizer.decode(listener.told.tokens));
  CHECK(listener.told.text == decoded + characters.finish());
}

TEST_CASE("what cannot be answered is refused with the reason") {
  Engine engine(std::make_unique<FakeRunner>(kShape), byte_tokenizer(), {});
  CHECK(engine.context_max() == 192);
  const EventSink nobody = [](GenerateEvent&&) { CHECK(false); };
  const auto refusal = [&](const GenerateRequest& request) {
    const auto result = engine.submit(request, nobody);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().kind == ErrorKind::invalid);
    return result.error().message;
  };
  GenerateRequest request;
  CHECK(refusal(request).find("empty") != std::string::npos);
  request.prompt.assign(192, 1);
  CHECK(refusal(request).find("192 tokens and the context 192") != std::string::npos);
  request.prompt = {1, 257};
  CHECK(refusal(request).find("257") != std::string::npos);
  request.prompt = {1};
  request.stop = {""};
  CHECK(refusal(request).find("stop") != std::string::npos);
  request.stop = {"\xFF"};
  CHECK(refusal(request).find("UTF-8") != std::string::npos);
  request.stop = {};
  request.logprobs = kLogprobsMax + 1;
  CHECK(refusal(request).find("logprobs") != std::string::npos);
  request.logprobs = 0;
  request.sampling.top_p = 2;
  CHECK(refusal(request).find("top_p") != std::string::npos);
  request.sampling.top_p = 1;
  request.sampling.logit_bias[257] = 1;
  CHECK(refusal(request).find("logit_bias") != std::string::npos);
}

TEST_CASE("a full queue refuses and says so") {
  std::promise<void> gate;
  Engine engine(std::make_unique<GatedRunner>(gate.get_future().share()), byte_tokenizer(),
                {.running_max = 1, .waiting_max = 2});
  std::vector<Listener> listeners(4);
  int accepted = 0;
  Error refused;
  for (Listener& listener : listeners) {
    const auto result = engine.submit(endless(), listener.sink());
    accepted += result.has_value();
    if (!result) refused = result.error();
  }
  CHECK(accepted >= 2);
  CHECK(accepted < 4);
  CHECK(refused.kind == ErrorKind::exhausted);
  CHECK(refused.message.find("2 requests are waiting") != std::string::npos);
  gate.set_value();
  engine.drain();
  CHECK(engine.stats().requests_done == static_cast<uint64_t>(accepted));
}

TEST_CASE("a queue that one tenant has filled still takes another's") {
  std::promise<void> gate;
  Engine engine(std::make_unique<GatedRunner>(gate.get_future().share()), byte_tokenizer(),
                {.running_max = 1, .waiting_max = 8});
  std::vector<Listener> listeners(40);
  const auto taken = [&](const char* tenant, size_t first) {
    int accepted = 0;
    for (size_t i = first; i < first + 20; ++i) {
      GenerateRequest request = endless();
      request.tokens_max = 3;
      request.admission.tenant = tenant;
      accepted += engine.submit(request, listeners[i].sink()).has_value();
    }
    return accepted;
  };
  CHECK(taken("greedy", 0) >= 8);
  CHECK(taken("small", 20) == 4);  // half of the queue's eight
  gate.set_value();
  engine.drain();
  CHECK(taken("small", 20) >= 8);  // who is alone may have all of it
  engine.drain();
}

TEST_CASE("whoever looks waits for the step under way, but not for long") {
  using std::chrono::milliseconds;
  std::promise<void> gate;
  Engine engine(std::make_unique<GatedRunner>(gate.get_future().share()), byte_tokenizer(), {});
  const auto idle = engine.look(std::chrono::minutes(1));
  REQUIRE(idle != nullptr);
  CHECK(idle->sequences.empty());
  CHECK(idle->blocks.size() == kShape.blocks);
  Listener listener;
  GenerateRequest request = endless();
  request.tokens_max = 3;
  REQUIRE(engine.submit(request, listener.sink()).has_value());
  while (engine.look(milliseconds(5)) != engine.look(milliseconds(5))) continue;  // within a step
  gate.set_value();
  engine.drain();
  const auto done = engine.look(std::chrono::minutes(1));
  CHECK(done->stats.requests_done == 1);
  CHECK(done->steps.size() == done->stats.steps);
  CHECK(done->time > idle->time);
  engine.stop();
  CHECK(engine.look(milliseconds(1)) == done);  // as it was seen last
}

TEST_CASE("destroying the engine cancels what runs and what waits") {
  std::vector<Listener> listeners(5);
  {
    Engine engine(std::make_unique<FakeRunner>(kShape), byte_tokenizer(), {.running_max = 2});
    for (Listener& listener : listeners)
      REQUIRE(engine.submit(endless(), listener.sink()).has_value());
  }
  for (const Listener& listener : listeners) CHECK(listener.endings == 1);
}

TEST_CASE("a sink may cancel its own request") {
  Engine engine(std::make_unique<FakeRunner>(kShape), byte_tokenizer(), {});
  std::atomic<uint64_t> id = 0;
  std::atomic<int> tokens = 0;
  std::atomic<FinishReason> finish = FinishReason::none;
  const auto submitted = engine.submit(endless(), [&](GenerateEvent&& event) {
    tokens += static_cast<int>(event.tokens.size());
    finish = event.finish;
    while (id == 0) std::this_thread::yield();
    engine.cancel(id);
  });
  id = submitted.value();
  engine.drain();
  CHECK(finish == FinishReason::cancelled);
  CHECK(tokens == 1);
}

}  // namespace
}  // namespace mill::llm
