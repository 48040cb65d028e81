#pragma once
// The engine: takes requests from any thread, runs them together on one Runner, and tells each
// caller of its tokens as they come. A request's events depend on the request alone: not on what
// else runs, on chunks, on cache hits or on memory running short (only cached_tokens tells).

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/error.h"
#include "data/tokenizer/tokenizer.h"
#include "llm/engine_core.h"
#include "llm/request.h"
#include "llm/runner.h"
#include "llm/sleep.h"

namespace mill::llm {

struct EngineView;

class Engine {
 public:
  // The options have been validated. Without a factory, it never sleeps.
  Engine(
      std::unique_ptr<Runner>, Tokenizer, EngineOptions, Joules = [] { return 0.0; },
      RunnerFactory again = {});
  ~Engine();  // stop()

  // Refused at once where the request is wrong or its prompt does not fit the context (invalid,
  // with both lengths), or where the queue is full (exhausted); a tenant that has less than its
  // share of a full queue may still enter. Otherwise events follow, the last of which has a
  // `finish`, whatever happens.
  Result<uint64_t> submit(GenerateRequest, EventSink);
  void cancel(uint64_t request);  // takes effect before the next step; idempotent
  void stop();   // cancels what runs, and tells so; nothing may be submitted after it. Idempotent
  void drain();  // returns when everything submitted has finished

  // Sleep (sleep.h). `told` is called once it sleeps; at once, if it does already. An Error: it
  // cannot sleep (unsupported), or was woken or stopped before (cancelled).
  void sleep(SleepOptions, Told told);
  // … once it is awake. An Error: its Runner could not be made (exhausted), which parked requests
  // are told, too, and end by; the next request, or the next wake(), tries again.
  void wake(Told told);

  EngineStats stats() const;
  // What it is like between two steps (engine_view.h). Waits for the step under way, but not for
  // longer than this: then it is what was seen last, or null.
  std::shared_ptr<const EngineView> look(std::chrono::milliseconds at_most) const;
  const Tokenizer& tokenizer() const;
  uint32_t context_max() const;  // tokens of prompt and answer together

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace mill::llm
