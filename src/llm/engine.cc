#include "llm/engine.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "llm/engine_view.h"
#include "llm/sleeper.h"

namespace mill::llm {
namespace {

struct Submitted {
  uint64_t id = 0;
  GenerateRequest request = {};
  EventSink sink = {};
  int64_t arrived = 0;
};

struct Order {
  std::optional<SleepOptions> sleep = {};  // nothing: wake
  Told told = {};
};

// What other threads have left for the engine's thread.
struct Inbox {
  std::vector<Submitted> requests = {};
  std::vector<uint64_t> cancels = {};
  std::vector<Order> orders = {};
  std::optional<Sleeper::Made> made = {};
  bool look = false;  // which keeps nobody awake
  bool stopping = false;

  bool asked() const { return !requests.empty() || !cancels.empty() || !orders.empty() || made; }
  bool empty() const { return !asked() && !look && !stopping; }
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
  Impl(std::unique_ptr<Runner> runner, Tokenizer given_tokenizer, EngineOptions given_options,
       Joules joules, RunnerFactory again)
      : tokenizer(std::move(given_tokenizer)),
        options(given_options),
        core(*runner, vocabulary_of(tokenizer), options, now, std::move(joules)),
        sleeper(core, std::move(runner), std::move(again), [this](Sleeper::Made it) { took(it); }),
        limits(core.limits()),
        stats(core.stats()),
        thread([this] { run(); }) {}

  void run();
  void obey(std::vector<Order>);
  void rest_if_idle();
  Inbox take_inbox();
  int64_t next_alarm() const;
  void publish();
  void show();
  void took(Sleeper::Made&);
  void leave(Order);
  size_t in_flight() const { return inbox.requests.size() + active; }
  Result<void> admit(const std::string& tenant) const;
  EventSink counted(const std::string& tenant, EventSink);

  const Tokenizer tokenizer;
  const EngineOptions options;
  EngineCore core;  // the engine's thread alone touches these
  Sleeper sleeper;
  int64_t idle_since = now();
  const RequestLimits limits;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable wake, idle, shown;
  Inbox inbox;
  uint64_t last_id = 0;
  size_t active = 0;  // in the core, finished or not, as of the last publish()
  bool stopped = false;
  std::map<std::string, size_t> by_tenant;  // requests that have not finished; no zeros
  EngineStats stats;
  uint64_t looks = 0;  // that were asked for; the view is as of `looked`
  uint64_t looked = 0;
  std::shared_ptr<const EngineView> view;  // null = nobody has looked

  std::thread thread;  // last: it uses all of the above
};

// The engine's whole life: what others want, one step, and again.
void Engine::Impl::run() {
  while (true) {
    Inbox taken = take_inbox();
    const bool asked = taken.asked();
    for (Submitted& it : taken.requests)
      core.add(it.id, std::move(it.request), std::move(it.sink), it.arrived);
    for (uint64_t id : taken.cancels) core.cancel(id);
    if (taken.made) sleeper.take(std::move(*taken.made));
    obey(std::move(taken.orders));
    if (taken.stopping) core.cancel_all();
    if (taken.look) show();
    const bool worked = core.step();
    if (asked || worked) idle_since = now();
    if (taken.stopping)
      sleeper.stop();
    else
      rest_if_idle();
    publish();
    sleeper.tell();
    if (taken.stopping) return;
  }
}

void Engine::Impl::obey(std::vector<Order> orders) {
  for (Order& it : orders) {
    if (it.sleep)
      sleeper.sleep(*it.sleep, std::move(it.told));
    else
      sleeper.wake(std::move(it.told));
  }
}

void Engine::Impl::rest_if_idle() {
  if (core.active() == 0 && next_alarm() <= now()) sleeper.nap();
  sleeper.turn();
}

// Until when there is nothing to do, but for what comes in; INT64_MAX = for ever.
int64_t Engine::Impl::next_alarm() const {
  if (core.active() > 0) return core.next_deadline();
  if (options.sleep_after_ns == 0 || !sleeper.may_nap()) return INT64_MAX;
  return idle_since + options.sleep_after_ns;
}

// Waits for it only if there is nothing else to do.
Inbox Engine::Impl::take_inbox() {
  const bool busy = core.busy();
  const int64_t alarm = next_alarm();
  const auto until = std::chrono::steady_clock::time_point(std::chrono::nanoseconds(alarm));
  const auto called = [&] { return busy || !inbox.empty(); };
  std::unique_lock lock(mutex);
  if (alarm == INT64_MAX)
    wake.wait(lock, called);
  else
    wake.wait_until(lock, until, called);
  active += inbox.requests.size();
  stats.waiting += static_cast<uint32_t>(inbox.requests.size());
  return std::exchange(inbox, {});
}

void Engine::Impl::publish() {
  const std::lock_guard lock(mutex);
  active = core.active();
  stats = core.stats();
  stats.sleep = sleeper.stats();
  if (in_flight() == 0) idle.notify_all();
}

// For those who have asked by now.
void Engine::Impl::show() {
  EngineView seen = view_of(core);
  seen.stats.sleep = sleeper.stats();
  auto fresh = std::make_shared<const EngineView>(std::move(seen));
  const std::lock_guard lock(mutex);
  view.swap(fresh);
  looked = looks;
  shown.notify_all();
}

void Engine::Impl::took(Sleeper::Made& made) {
  const std::lock_guard lock(mutex);
  inbox.made = std::move(made);
  wake.notify_one();
}

void Engine::Impl::leave(Order order) {
  std::unique_lock lock(mutex);
  if (!stopped) {
    inbox.orders.push_back(std::move(order));
    return wake.notify_one();
  }
  lock.unlock();
  if (order.told) order.told(fail(ErrorKind::cancelled, "the model has stopped"));
}

// A full queue takes from each tenant as many as are an equal share of it, so that nobody can fill
// it for others; twice its length is never passed.
Result<void> Engine::Impl::admit(const std::string& tenant) const {
  const size_t waiting = stats.waiting + inbox.requests.size();
  if (waiting < options.waiting_max) return {};
  const auto own = by_tenant.find(tenant);
  const size_t tenants = by_tenant.size() + (own == by_tenant.end() ? 1 : 0);
  const bool fair = own == by_tenant.end() || own->second < options.waiting_max / tenants;
  if (tenants > 1 && fair && waiting < 2 * size_t{options.waiting_max}) return {};
  return fail(ErrorKind::exhausted, "{} requests are waiting already; try again later", waiting);
}

// The sink, and at the request's end its tenant has one less.
EventSink Engine::Impl::counted(const std::string& tenant, EventSink sink) {
  ++by_tenant[tenant];
  return [this, tenant, sink = std::move(sink)](GenerateEvent&& event) {
    if (event.finish != FinishReason::none) {
      const std::lock_guard lock(mutex);
      const auto own = by_tenant.find(tenant);
      if (--own->second == 0) by_tenant.erase(own);
    }
    sink(std::move(event));
  };
}

Engine::Engine(std::unique_ptr<Runner> runner, Tokenizer tokenizer, EngineOptions options,
               Joules joules, RunnerFactory again) {
  ASSERT(runner != nullptr && options.validate().has_value());
  impl_ = std::make_unique<Impl>(std::move(runner), std::move(tokenizer), options,
                                 std::move(joules), std::move(again));
}

Engine::~Engine() { stop(); }

void Engine::stop() {
  if (!impl_->thread.joinable()) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->inbox.stopping = true;
    impl_->stopped = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

Result<uint64_t> Engine::submit(GenerateRequest request, EventSink sink) {
  Impl& it = *impl_;
  TRY(validate(request, it.limits));
  const std::lock_guard lock(it.mutex);
  const std::string tenant = request.admission.tenant;
  TRY(it.admit(tenant));
  it.inbox.requests.push_back(
      {++it.last_id, std::move(request), it.counted(tenant, std::move(sink)), now()});
  it.wake.notify_one();
  return it.last_id;
}

void Engine::cancel(uint64_t request) {
  const std::lock_guard lock(impl_->mutex);
  impl_->inbox.cancels.push_back(request);
  impl_->wake.notify_one();
}

void Engine::sleep(SleepOptions how, Told told) { impl_->leave({how, std::move(told)}); }

void Engine::wake(Told told) { impl_->leave({{}, std::move(told)}); }

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

std::shared_ptr<const EngineView> Engine::look(std::chrono::milliseconds at_most) const {
  std::unique_lock lock(impl_->mutex);
  const uint64_t asked = ++impl_->looks;
  impl_->inbox.look = true;
  impl_->wake.notify_one();
  impl_->shown.wait_for(lock, at_most, [&] { return impl_->looked >= asked; });
  return impl_->view;
}

const Tokenizer& Engine::tokenizer() const { return impl_->tokenizer; }

uint32_t Engine::context_max() const { return impl_->limits.context; }

}  // namespace mill::llm
