#pragma once
// What the engine is like between two steps: its own structures, copied, for whoever draws them. It
// is made by the engine's thread, only when somebody asks, and costs it the copy; everything that
// is drawn of it is computed elsewhere (service/web).

#include <cstdint>
#include <string>
#include <vector>

#include "llm/engine_core.h"

namespace mill::llm {

// queue: not yet begun. again: it has given its blocks to another, and waits to be computed again.
enum class Stage : uint8_t { queue, prefill, decode, again };

struct SequenceView {
  uint64_t id = 0;
  std::string request = {}, tenant = {};  // of its Admission
  Stage stage = Stage::queue;
  RequestTimes times = {};
  uint32_t prompt_tokens = 0, cached_tokens = 0, computed_tokens = 0, generated_tokens = 0;
  int32_t priority = 0;
  double joules = 0;
  std::vector<BlockId> blocks = {};  // covering its tokens, in their order
};

// One that has requests in the engine.
struct TenantView {
  std::string tenant = {};
  uint32_t running = 0, waiting = 0;  // sequences
  size_t blocks = 0;                  // that its sequences hold; a shared one counts for each
};

struct BlockView {
  uint32_t references = 0;
  bool published = false;
  BlockId parent = kNoBlock;  // of a published one
  uint64_t since = 0;         // the step of the scheduler in which it came into its state
};

struct EngineView {
  int64_t time = 0;   // by the engine's clock
  uint64_t step = 0;  // of the scheduler, which also counts plans of nothing: ages end here
  EngineStats stats = {};
  int64_t busy = 0;  // nanoseconds within steps, ever
  RunnerMemory memory = {};
  // All that run, in the order of the batch, then those that wait as far as there is room.
  std::vector<SequenceView> sequences = {};
  std::vector<TenantView> tenants = {};
  std::vector<BlockView> blocks = {};   // (blocks of the pool)
  std::vector<StepRecord> steps = {};   // the oldest first
  std::vector<Departed> departed = {};  // that are in one of the steps
};
inline constexpr size_t kSequencesSeen = 256;

EngineView view_of(const EngineCore&);

}  // namespace mill::llm
