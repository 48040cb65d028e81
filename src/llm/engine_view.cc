#include "llm/engine_view.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_set>
#include <utility>

namespace mill::llm {
namespace {

Stage stage_of(const Sequence& it, const Generation& generation, bool runs) {
  if (!runs) return it.yielded ? Stage::again : Stage::queue;
  return it.remaining() > 1 || generation.generated_tokens() == 0 ? Stage::prefill : Stage::decode;
}

SequenceView view_of(const EngineCore& core, const Sequence& it, bool runs) {
  const Generation& generation = core.generation(it.id);
  return {.id = it.id,
          .request = generation.admission().request,
          .tenant = it.tenant,
          .stage = stage_of(it, generation, runs),
          .times = generation.times(),
          .prompt_tokens = generation.prompt_tokens(),
          .cached_tokens = it.cached_tokens,
          .computed_tokens = it.computed,
          .generated_tokens = generation.generated_tokens(),
          .priority = it.priority,
          .joules = generation.joules(),
          .blocks = it.blocks};
}

std::vector<SequenceView> sequences_of(const EngineCore& core) {
  std::vector<SequenceView> all;
  for (const Sequence* it : core.schedule().running) all.push_back(view_of(core, *it, true));
  for (const auto& [name, tenant] : core.schedule().tenants.all())
    for (const Sequence* it : tenant.waiting)
      if (all.size() < kSequencesSeen) all.push_back(view_of(core, *it, false));
  return all;
}

std::vector<TenantView> tenants_of(const Schedule& schedule) {
  std::map<std::string_view, TenantView> found;
  for (const auto& [name, it] : schedule.tenants.all())
    if (it.active > 0)
      found[name] = {.tenant = name, .waiting = static_cast<uint32_t>(it.waiting.size())};
  for (const Sequence* it : schedule.running) {
    TenantView& tenant = found[it->tenant];
    ++tenant.running;
    tenant.blocks += it->blocks.size();
  }
  std::vector<TenantView> all;
  for (auto& [name, it] : found) all.push_back(std::move(it));
  return all;
}

std::vector<BlockView> blocks_of(const BlockPool& pool) {
  std::vector<BlockView> all(pool.size());
  for (BlockId block = 0; block < pool.size(); ++block)
    all[block] = {.references = pool.references(block),
                  .published = pool.published(block),
                  .parent = pool.parent(block),
                  .since = pool.since(block)};
  return all;
}

std::vector<Departed> departed_of(const StepTrail& trail, const std::vector<StepRecord>& steps) {
  std::unordered_set<uint64_t> named;
  for (const StepRecord& step : steps)
    for (const StepPiece& piece : step.pieces) named.insert(piece.sequence);
  std::vector<Departed> found;
  std::ranges::copy_if(trail.departed(), std::back_inserter(found),
                       [&](const Departed& it) { return named.contains(it.sequence); });
  return found;
}

}  // namespace

EngineView view_of(const EngineCore& core) {
  EngineView view{.time = core.now(),
                  .step = core.schedule().step,
                  .stats = core.stats(),
                  .busy = core.trail().busy(),
                  .memory = core.memory(),
                  .sequences = sequences_of(core),
                  .tenants = tenants_of(core.schedule()),
                  .blocks = blocks_of(core.schedule().pool),
                  .steps = core.trail().steps()};
  view.departed = departed_of(core.trail(), view.steps);
  return view;
}

}  // namespace mill::llm
