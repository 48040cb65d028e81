#pragma once
// The engine without its thread: the same calls in the same order give the same events, which is
// what the simulation drives. Not thread-safe.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "llm/engine_energy.h"
#include "llm/engine_times.h"
#include "llm/generation.h"
#include "llm/runner.h"
#include "llm/schedule/scheduler.h"
#include "llm/sleep.h"
#include "llm/step_trail.h"

namespace mill::llm {

// Where guesses of the next tokens come from (speculate/speculator.h); they change no answer.
enum class Speculation : uint8_t { off, lookup };

struct EngineOptions {
  uint32_t chunk_tokens = 512;  // most tokens of prompt processed in one step
  uint32_t running_max = 64;    // sequences in a batch
  uint32_t waiting_max = 1024;  // requests in the queue; more are refused
  bool prefix_cache = true;
  Speculation speculation = Speculation::lookup;
  uint32_t quantum_tokens = kQuantum;  // by which a tenant is ahead of another (schedule/tenants.h)
  int64_t sleep_after_ns = 0;          // with nothing to do for so long, it sleeps; 0 = never
  Result<void> validate() const;
};

struct EngineStats {
  uint64_t steps = 0;
  // Of requests whose first token (or embedding) has come.
  uint64_t prompt_tokens = 0, cached_tokens = 0;
  uint64_t generated_tokens = 0;
  uint64_t prefill_tokens = 0;  // computed of prompts, and again of what had yielded
  uint64_t guessed_tokens = 0, accepted_tokens = 0;  // that were tried, and that came true
  uint64_t requests_done = 0, requests_cancelled = 0;
  uint64_t yields = 0;         // times that memory ran short and the youngest had to start again
  uint64_t requests_late = 0;  // refused, because they had to wait for too long
  double fairness = 1;         // Jain's index (schedule/tenants.h)
  uint32_t tenants = 0;        // with requests that wait or run
  uint32_t running = 0, waiting = 0, blocks_used = 0, blocks_total = 0;
  std::array<uint64_t, kFinishReasons> finished = {};  // requests, by FinishReason
  SleepStats sleep;
  EngineTimes times;
  EngineEnergy energy;
};

using Clock = std::function<int64_t()>;  // nanoseconds; only ascends
using Joules = std::function<double()>;  // that were drawn since some time; only ascends

class EngineCore {
 public:
  // Without a clock, all times are 0.
  EngineCore(
      Runner&, Vocabulary, const EngineOptions&, Clock = [] { return int64_t{0}; },
      Joules = [] { return 0.0; });

  // Valid; ids ascend. `arrived`: by the clock, where that was before now.
  void add(uint64_t id, GenerateRequest, EventSink, int64_t arrived = 0);
  void cancel(uint64_t id);  // nothing happens if it has finished
  void cancel_all();
  void fail_all(const Error&);
  bool step();  // false: there is nothing to do

  // Sleep (sleep.h). While it is closed, nobody begins who does not run; what waits, waits on.
  void close() { schedule_.closed = true; }
  void open() { schedule_.closed = false; }
  bool quiet() const { return schedule_.running.empty(); }
  void suspend() { llm::suspend(schedule_); }  // all that run wait again; then it is quiet
  // Closed and quiet: forgets what the Runner keeps, and does not touch it any more. Until
  // resume(), a step only refuses those that are late.
  void rest();
  void resume(Runner&);  // fits(it), and is open
  bool fits(const Runner&) const;
  bool busy() const;              // a step would compute something
  int64_t next_deadline() const;  // INT64_MAX: nobody has one
  int64_t now() const { return clock_(); }

  size_t active() const { return generations_.size(); }  // waiting or running
  RequestLimits limits() const { return limits_; }
  EngineStats stats() const;
  const Schedule& schedule() const { return schedule_; }

  // For whoever looks at it (engine_view.h).
  const StepTrail& trail() const { return trail_; }
  const Generation& generation(uint64_t id) const { return *generations_.at(id); }  // waits or runs
  RunnerMemory memory() const { return runner_ == nullptr ? RunnerMemory{} : runner_->memory(); }

 private:
  void refuse_late(int64_t now);
  void share_energy(const Plan&);
  Constraints& constraints(const std::vector<TokenId>& shown);
  void start_times(const Plan&);
  void hand_out(const Plan&);
  void give(const PlannedPiece&, Generation&, std::span<const float> rows,
            std::span<const float> states);
  void count(const PlannedPiece&, Generation&, uint32_t before);
  void finish_times(Generation&, int64_t now);
  void remove(Generation&);
  void depart(const Generation&);

  Runner* runner_;  // null while it rests
  Vocabulary vocabulary_;
  RequestLimits limits_;
  Speculation speculation_;
  Schedule schedule_;
  // By the control tokens that are spelt out, of which there are few sets: a model's markers, and
  // none.
  std::map<std::vector<TokenId>, Constraints> constraints_;
  std::unordered_map<uint64_t, std::unique_ptr<Generation>> generations_;
  std::multimap<int64_t, uint64_t> deadlines_;  // by which a request has to have begun
  std::vector<float> logits_;
  SampleScratch scratch_;
  Clock clock_;
  Joules joules_;
  EngineStats stats_;
  StepTrail trail_;
  int64_t now_ = 0;       // the end of the last step
  bool was_idle_ = true;  // nothing was to be done after the last step
};

}  // namespace mill::llm
