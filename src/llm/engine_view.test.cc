#include "llm/engine_view.h"

#include <doctest/doctest.h>

#include <set>

#include "llm/fake_runner.h"
#include "llm/simulation.h"

namespace mill::llm {
namespace {

// Every block is held by as many sequences as it has references; the sums are the engine's.
std::string block_violation(const EngineView& view) {
  std::vector<uint32_t> holders(view.blocks.size());
  for (const SequenceView& it : view.sequences)
    for (const BlockId block : it.blocks) ++holders[block];
  uint32_t held = 0;
  for (BlockId block = 0; block < view.blocks.size(); ++block) {
    const BlockView& it = view.blocks[block];
    if (it.references != holders[block])
      return fmt::format("block {}: {} references, {} holders", block, it.references,
                         holders[block]);
    if (it.since > view.step) return fmt::format("block {} is from the future", block);
    if (it.published && it.parent != kNoBlock && !view.blocks[it.parent].published)
      return fmt::format("block {} has a parent that cannot be found", block);
    held += it.references > 0;
  }
  return held == view.stats.blocks_used && holders.size() == view.stats.blocks_total
             ? ""
             : "the sums of the blocks differ";
}

std::string sequence_violation(const EngineView& view) {
  uint32_t running = 0, waiting = 0;
  for (const SequenceView& it : view.sequences) {
    const bool waits = it.stage == Stage::queue || it.stage == Stage::again;
    (waits ? waiting : running) += 1;
    const bool nothing = it.blocks.empty();  // or it is behind another, and has computed nothing
    if (waits ? !nothing : nothing && it.computed_tokens > 0)
      return fmt::format("{} waits and holds blocks", it.id);
    if (it.stage == Stage::decode && it.generated_tokens == 0)
      return fmt::format("{} decodes, and has no token", it.id);
    if (it.computed_tokens > it.prompt_tokens + it.generated_tokens)
      return fmt::format("{} has computed what it has not", it.id);
  }
  for (const TenantView& it : view.tenants) running -= it.running, waiting -= it.waiting;
  if (running != 0 || waiting != 0) return "the tenants' sums differ from the sequences'";
  const auto& stats = view.stats;
  return view.tenants.size() == stats.tenants &&
                 view.sequences.size() == stats.running + stats.waiting
             ? ""
             : "the sums of the sequences differ";
}

// All steps are told, with all their tokens; whoever is in them has a name.
struct StepWatch {
  uint64_t last = 0;
  double tokens = 0;

  std::string see(const EngineView& view) {
    std::set<uint64_t> named;
    for (const SequenceView& it : view.sequences) named.insert(it.id);
    for (const Departed& it : view.departed) named.insert(it.sequence);
    for (const StepRecord& step : view.steps) {
      for (const StepPiece& piece : step.pieces)
        if (!named.contains(piece.sequence)) return fmt::format("{} has no name", piece.sequence);
      if (step.step <= last) continue;
      last = step.step;
      for (const StepPiece& piece : step.pieces) tokens += piece.tokens;
    }
    return tokens == view.stats.times.step.sum ? "" : "the tokens of the steps differ";
  }
};

TEST_CASE("what is seen of an engine is the truth at every step, and changes no answer") {
  std::set<Stage> stages;
  uint64_t shared = 0, cached = 0, departed = 0;
  for (uint32_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    StepWatch steps;
    const World world{
        .runner = [](uint32_t blocks) -> std::unique_ptr<Runner> {
          return std::make_unique<FakeRunner>(FakeShape{.blocks = blocks, .memory = 1});
        },
        .vocabulary = fake_vocabulary(),
        .requests = 40,
        .look =
            [&](const EngineCore& core) {
              const EngineView view = view_of(core);
              for (const SequenceView& it : view.sequences) stages.insert(it.stage);
              for (const BlockView& it : view.blocks) {
                shared += it.references > 1;
                cached += it.references == 0 && it.published;
              }
              departed += view.departed.size();
              if (auto broken = block_violation(view); !broken.empty()) return broken;
              if (auto broken = sequence_violation(view); !broken.empty()) return broken;
              return steps.see(view);
            }};
    Simulation simulation(world, seed);
    REQUIRE(simulation.run() == "");
  }
  CHECK(stages.size() == 4);  // the seeds see what they are meant to see
  CHECK(shared > 1000);
  CHECK(cached > 1000);
  CHECK(departed > 1000);
}

TEST_CASE("a block's age begins when its owner changes") {
  BlockPool pool(2);
  std::vector<TokenId> tokens(kBlockTokens, 7);
  pool.at(3);
  const BlockId block = pool.take();
  CHECK(pool.since(block) == 3);
  pool.at(4);
  pool.publish(kNoBlock, tokens, block);
  CHECK(pool.since(block) == 3);  // still its owner's
  pool.at(5);
  pool.share(block);
  CHECK(pool.since(block) == 5);
  pool.at(6);
  pool.share(block);  // shared by three: it was shared before
  CHECK(pool.since(block) == 5);
  pool.release(block);
  CHECK(pool.since(block) == 5);
  pool.at(7);
  pool.release(block);
  CHECK(pool.since(block) == 7);
  pool.at(8);
  pool.release(block);  // cached
  CHECK(pool.since(block) == 8);
  pool.at(9);
  pool.share(block);  // found again
  CHECK(pool.since(block) == 9);
  CHECK(pool.since(pool.take()) == 9);
}

TEST_CASE("a view is bounded, however many wait, and tells whose they are") {
  FakeRunner runner({.blocks = 4});
  EngineCore core(runner, fake_vocabulary(), {.running_max = 2});
  for (uint64_t id = 1; id <= 1000; ++id) {
    GenerateRequest request;
    request.prompt = {5, 6};
    request.ignore_end = true;
    request.admission = {.tenant = id % 2 == 0 ? "even" : "odd", .request = fmt::format("r{}", id)};
    core.add(id, std::move(request), [](GenerateEvent&&) {});
  }
  core.step();
  const EngineView view = view_of(core);
  CHECK(view.sequences.size() == kSequencesSeen);
  CHECK(view.stats.waiting + view.stats.running + view.stats.requests_done == 1000);
  CHECK(view.sequences.front().stage == Stage::decode);
  for (const SequenceView& it : view.sequences) {
    CHECK(it.request == fmt::format("r{}", it.id));
    CHECK(it.tenant == (it.id % 2 == 0 ? "even" : "odd"));
  }
  core.cancel_all();
}

}  // namespace
}  // namespace mill::llm
