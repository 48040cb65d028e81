#include "llm/engine.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace mill::llm {
namespace {

struct Submitted {
  uint64_t id = 0;
  GenerateRequest request = {};
  EventSink sink = {};
  int64_t arrived = 0;
};

// What other threads have left for the engine's thread.
struct Inbox {
  std::vector<Submitted> requests = {};
  std::vector<uint64_t> cancels = {};
  bool stopping = false;

  bool empty() const { return requests.empty() && cancels.empty() && !stopping; }
};

int64_t now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Vocabulary vocabulary_of(const Tokenizer& tokenizer) {
  return {
      .piece = [tokenizer](TokenId token) { return tokenizer.piece(token); },
      .ends_generation = [tokenizer](TokenId token) { return tokenizer.ends_generation(token); },
      .spelling = [tokenizer](TokenId token) { return tokenizer.piece(token, false); }};
}

}  // namespace

struct Engine::Impl {
  Impl(std::unique_ptr<Runner> given_runner, Tokenizer given_tokenizer, EngineOptions given_options)
      : runner(std::move(given_runner)),
        tokenizer(std::move(given_tokenizer)),
        options(given_options),
        core(*runner, vocabulary_of(tokenizer), options, now),
        limits(core.limits()),
        stats(core.stats()),
        thread([this] { run(); }) {}

  void run();
  Inbox take_inbox();
  void publish();
  size_t in_flight() const { return inbox.requests.size() + active; }

  const std::unique_ptr<Runner> runner;
  const Tokenizer tokenizer;
  const EngineOptions options;
  EngineCore core;  // the engine's thread alone touches it
  const RequestLimits limits;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable wake, idle;
  Inbox inbox;
  uint64_t last_id = 0;
  size_t active = 0;  // in the core, finished or not, as of the last publish()
  EngineStats stats;

  std::thread thread;  // last: it uses all of the above
};

// The engine's whole life: what others want, one step, and again.
void Engine::Impl::run() {
  while (true) {
    Inbox taken = take_inbox();
    for (Submitted& it : taken.requests)
      core.add(it.id, std::move(it.request), std::move(it.sink), it.arrived);
    for (uint64_t id : taken.cancels) core.cancel(id);
    if (taken.stopping) core.cancel_all();
    core.step();
    publish();
    if (taken.stopping) return;
  }
}

// Waits for it only if there is nothing else to do.
Inbox Engine::Impl::take_inbox() {
  std::unique_lock lock(mutex);
  wake.wait(lock, [this] { return active > 0 || !inbox.empty(); });
  active += inbox.requests.size();
  stats.waiting += static_cast<uint32_t>(inbox.requests.size());
  return std::exchange(inbox, {});
}

void Engine::Impl::publish() {
  const std::lock_guard lock(mutex);
  active = core.active();
  stats = core.stats();
  if (in_flight() == 0) idle.notify_all();
}

Engine::Engine(std::unique_ptr<Runner> runner, Tokenizer tokenizer, EngineOptions options) {
  ASSERT(runner != nullptr && options.validate().has_value());
  impl_ = std::make_unique<Impl>(std::move(runner), std::move(tokenizer), options);
}

Engine::~Engine() { stop(); }

void Engine::stop() {
  if (!impl_->thread.joinable()) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->inbox.stopping = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

Result<uint64_t> Engine::submit(GenerateRequest request, EventSink sink) {
  Impl& it = *impl_;
  TRY(validate(request, it.limits));
  const std::lock_guard lock(it.mutex);
  const size_t waiting = it.stats.waiting + it.inbox.requests.size();
  if (waiting >= it.options.waiting_max)
    return fail(ErrorKind::exhausted, "{} requests are waiting already; try again later", waiting);
  it.inbox.requests.push_back({++it.last_id, std::move(request), std::move(sink), now()});
  it.wake.notify_one();
  return it.last_id;
}

void Engine::cancel(uint64_t request) {
  const std::lock_guard lock(impl_->mutex);
  impl_->inbox.cancels.push_back(request);
  impl_->wake.notify_one();
}

void Engine::drain() {
  std::unique_lock lock(impl_->mutex);
  impl_->idle.wait(lock, [this] { return impl_->in_flight() == 0; });
}

EngineStats Engine::stats() const {
  const std::lock_guard lock(impl_->mutex);
  EngineStats stats = impl_->stats;
  stats.waiting += static_cast<uint32_t>(impl_->inbox.requests.size());
  return stats;
}

const Tokenizer& Engine::tokenizer() const { return impl_->tokenizer; }

uint32_t Engine::context_max() const { return impl_->limits.context; }

}  // namespace mill::llm
