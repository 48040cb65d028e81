#include "llm/sleeper.h"

#include <malloc.h>

#include <new>

#include "base/assert.h"

namespace mill::llm {
namespace {

// Weights may be too large for the memory that there is now, whatever was free when asked.
Result<std::unique_ptr<Runner>> made_by(const RunnerFactory& factory) {
  try {
    return factory();
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::exhausted, "there is not enough memory for the model");
  }
}

}  // namespace

Sleeper::Sleeper(EngineCore& core, std::unique_ptr<Runner> runner, RunnerFactory factory,
                 std::function<void(Made)> made)
    : core_(core),
      runner_(std::move(runner)),
      factory_(std::move(factory)),
      made_(std::move(made)) {}

Sleeper::~Sleeper() { ASSERT(!maker_.joinable()); }

void Sleeper::sleep(SleepOptions how, Told told) {
  if (!factory_)
    return answer(std::move(told),
                  fail(ErrorKind::unsupported, "this model cannot sleep: nothing can wake it"));
  if (phase_ == Phase::waking) {
    later_.emplace_back(how, std::move(told));
  } else if (phase_ == Phase::asleep) {
    held_ |= how.held;
    answer(std::move(told), {});
  } else {
    close(how);
    sleepers_.push_back(std::move(told));
  }
}

void Sleeper::close(SleepOptions how) {
  phase_ = Phase::closing;
  held_ |= how.held;
  core_.close();
  if (how.running == Farewell::keep) core_.suspend();
  if (how.running == Farewell::cancel) core_.cancel_all();
}

void Sleeper::wake(Told told) {
  held_ = false;
  if (phase_ == Phase::closing) {
    phase_ = Phase::awake;
    core_.open();
    answer(sleepers_, fail(ErrorKind::cancelled, "it was woken before it slept"));
  }
  if (phase_ == Phase::awake) return answer(std::move(told), {});
  wakers_.push_back(std::move(told));
  if (phase_ == Phase::asleep) begin_waking();
}

void Sleeper::turn() {
  if (phase_ == Phase::closing && core_.quiet()) fall_asleep();
  if (phase_ == Phase::asleep && !held_ && core_.active() > 0) begin_waking();
}

void Sleeper::nap() {
  ASSERT(may_nap() && core_.active() == 0);
  close({});
  fall_asleep();
}

void Sleeper::fall_asleep() {
  core_.rest();
  runner_ = nullptr;
  ::malloc_trim(0);  // the library would keep what was freed
  phase_ = Phase::asleep;
  ++stats_.sleeps;
  answer(sleepers_, {});
}

void Sleeper::begin_waking() {
  phase_ = Phase::waking;
  waking_since_ = core_.now();
  maker_ = std::thread([this] { made_(made_by(factory_)); });
}

void Sleeper::take(Made made) {
  maker_.join();
  if (made && !core_.fits(**made))
    made = fail(ErrorKind::invalid, "the model has changed while it slept");
  if (made) {
    awaken(std::move(*made));
  } else {
    phase_ = Phase::asleep;
    ++stats_.failed_wakes;
    const Error why{ErrorKind::exhausted,
                    "The model sleeps and could not be woken: " + made.error().message};
    core_.fail_all(why);
    answer(wakers_, std::unexpected(why));
  }
  for (auto& [how, told] : std::exchange(later_, {})) sleep(how, std::move(told));
}

void Sleeper::awaken(std::unique_ptr<Runner> runner) {
  runner_ = std::move(runner);
  core_.resume(*runner_);
  phase_ = Phase::awake;
  ++stats_.wakes;
  stats_.last_wake_seconds = static_cast<double>(core_.now() - waking_since_) / 1e9;
  answer(wakers_, {});
}

void Sleeper::stop() {
  if (maker_.joinable()) maker_.join();
  const Result<void> over = fail(ErrorKind::cancelled, "the model stops");
  answer(sleepers_, over);
  answer(wakers_, over);
  for (auto& [how, told] : std::exchange(later_, {})) answer(std::move(told), over);
}

SleepStats Sleeper::stats() const {
  SleepStats stats = stats_;
  stats.sleeping = runner_ == nullptr;
  stats.closing = phase_ == Phase::closing;
  stats.waking = phase_ == Phase::waking;
  return stats;
}

void Sleeper::answer(Told told, Result<void> result) {
  if (told) answers_.emplace_back(std::move(told), std::move(result));
}

void Sleeper::answer(std::vector<Told>& all, const Result<void>& result) {
  for (Told& told : std::exchange(all, {})) answer(std::move(told), result);
}

void Sleeper::tell() {
  for (const auto& [told, result] : std::exchange(answers_, {})) told(result);
}

}  // namespace mill::llm
