#pragma once
// A model that nobody asks need not lie in memory. While an engine sleeps it has no Runner, that is
// no weights and no keys and values; it keeps tokenizer, queue and statistics. Requests that come
// meanwhile are parked: they wait in the queue as they would for a place in the batch, with their
// deadlines, priorities and tenants, and can be cancelled.
//
//   awake ──sleep──▶ closing ──nobody runs──▶ asleep ──wake, or a request──▶ waking ──▶ awake
//     ◀──────wake───────┘                        ◀─────could not be made───────┘
//
// No answer changes by it. What is in the prefix cache is forgotten.

#include <cstdint>
#include <functional>
#include <memory>

#include "base/error.h"
#include "llm/runner.h"

namespace mill::llm {

// Makes the Runner again, of the very weights that it had; on a thread of its own, one at a time.
using RunnerFactory = std::function<Result<std::unique_ptr<Runner>>()>;

// Called once, on the engine's thread or the caller's; as quick as an EventSink.
using Told = std::function<void(const Result<void>&)>;

// What becomes of the requests that run when an engine shall sleep. Those that wait are parked.
enum class Farewell : uint8_t {
  wait,    // they come to their end, and it sleeps then
  keep,    // they are parked, and go on later from where they were
  cancel,  // they are cancelled, and so are those that wait
};

struct SleepOptions {
  Farewell running = Farewell::wait;
  bool held = false;  // no request wakes it, only wake() does
};

struct SleepStats {
  bool sleeping = false;  // it has no Runner
  bool closing = false;   // it will sleep once nobody runs
  bool waking = false;    // its Runner is being made
  uint64_t sleeps = 0, wakes = 0, failed_wakes = 0;
  double last_wake_seconds = 0;  // it took to have the Runner again
};

}  // namespace mill::llm
