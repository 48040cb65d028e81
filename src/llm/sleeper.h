#pragma once
// Has the engine's Runner, and goes through the states of llm/sleep.h with it. The engine's thread
// alone touches it.

#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "llm/engine_core.h"
#include "llm/sleep.h"

namespace mill::llm {

class Sleeper {
 public:
  using Made = Result<std::unique_ptr<Runner>>;

  // The core runs on this Runner. `made` is called on another thread with what the factory has
  // made, which shall come back by take(). Without a factory, the engine never sleeps.
  Sleeper(EngineCore&, std::unique_ptr<Runner>, RunnerFactory, std::function<void(Made)> made);
  ~Sleeper();  // after stop(), where it ever slept

  void sleep(SleepOptions, Told);
  void wake(Told);
  void take(Made);
  void turn();  // what can be done now: falls asleep, or begins to wake
  void nap();   // nothing is to be done, and has not been for long
  void stop();  // for good: waits for a factory that is at work; whoever waits is told

  bool may_nap() const { return phase_ == Phase::awake && factory_ != nullptr; }
  SleepStats stats() const;
  // Tells whoever waits for what has happened, with stats() published before. It holds no lock.
  void tell();

 private:
  enum class Phase : uint8_t { awake, closing, asleep, waking };

  void answer(Told, Result<void>);
  void answer(std::vector<Told>&, const Result<void>&);
  void close(SleepOptions);
  void fall_asleep();
  void begin_waking();
  void awaken(std::unique_ptr<Runner>);

  EngineCore& core_;
  std::unique_ptr<Runner> runner_;
  const RunnerFactory factory_;
  const std::function<void(Made)> made_;
  Phase phase_ = Phase::awake;
  bool held_ = false;           // asleep: only wake() ends it; closing: it will be so
  std::vector<Told> sleepers_;  // who wait for it to sleep
  std::vector<Told> wakers_;    // … to be awake
  std::vector<std::pair<SleepOptions, Told>> later_;  // sleeps that came while it was waking
  std::vector<std::pair<Told, Result<void>>> answers_;
  std::thread maker_;
  int64_t waking_since_ = 0;
  SleepStats stats_;
};

}  // namespace mill::llm
