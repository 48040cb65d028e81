#include "service/web/engine_json.h"

#include <algorithm>
#include <array>

#include "service/web/block_map.h"
#include "service/web/numbers.h"
#include "service/web/prefix_tree.h"

namespace mill::web {
namespace {

constexpr int64_t kStepsSpan = 10'000'000'000;  // nanoseconds

Json step_json(const llm::StepRecord& step, int64_t shift) {
  Json prefill = Json::array(), decode = Json::array();
  for (const llm::StepPiece& piece : step.pieces) {
    Json& pairs = piece.prefill ? prefill : decode;
    pairs.push_back(piece.sequence);
    pairs.push_back(piece.tokens);
  }
  return {{"step", step.step},
          {"start_ms", milliseconds(step.began + shift)},
          {"seconds", rounded(static_cast<double>(step.ended - step.began) / 1e9)},
          {"prefill", std::move(prefill)},
          {"decode", std::move(decode)}};
}

Json steps_json(const EnginePicture& it) {
  const llm::EngineView& view = *it.view;
  Json steps = Json::array(), requests = Json::object(), tenants = Json::object();
  for (const llm::StepRecord& step : view.steps)
    if (step.began >= view.time - kStepsSpan) steps.push_back(step_json(step, it.shift));
  const auto name = [&](uint64_t sequence, const std::string& request, const std::string& tenant) {
    requests[std::to_string(sequence)] = request;
    tenants[std::to_string(sequence)] = tenant;
  };
  if (!steps.empty()) {
    for (const llm::Departed& each : view.departed) name(each.sequence, each.request, each.tenant);
    for (const llm::SequenceView& each : view.sequences)
      if (each.times.scheduled != 0) name(each.id, each.request, each.tenant);
  }
  return {{"last", view.step},
          {"steps", std::move(steps)},
          {"requests", std::move(requests)},
          {"tenants", std::move(tenants)}};
}

Json blocks_json(const llm::EngineView& view) {
  const BlockMap map = block_map(view);
  Json owners = {"free", "cached", "shared"}, runs = Json::array(), bytes;
  for (const uint64_t sequence : map.owners) owners.push_back(sequence);
  for (const BlockMap::Run& run : map.runs)
    for (const uint32_t each : {run.owner, run.count, run.age}) runs.push_back(each);
  if (view.memory.kv > 0 && map.total > 0) bytes = view.memory.kv / map.total;
  return {{"total", map.total},
          {"block_tokens", llm::kBlockTokens},
          {"bytes_per_block", std::move(bytes)},
          {"free", map.free},
          {"cached", map.cached},
          {"shared", map.shared},
          {"owned", map.owned},
          {"stride", map.stride},
          {"owners", std::move(owners)},
          {"runs", std::move(runs)}};
}

Json prefix_json(const llm::EngineView& view) {
  const PrefixTree tree = prefix_tree(view);
  Json nodes = Json::array();
  for (const PrefixNode& it : tree.nodes)
    nodes.push_back({{"parent", it.parent},
                     {"blocks", it.blocks},
                     {"holders", it.holders},
                     {"age", it.age},
                     {"below", it.below}});
  return {{"blocks", tree.blocks},
          {"shown", tree.shown},
          {"roots", tree.roots},
          {"nodes", std::move(nodes)}};
}

constexpr std::array kStages = {"queue", "prefill", "decode", "again"};  // by llm::Stage

Json sequence_json(const EnginePicture& picture, const llm::SequenceView& it) {
  const auto& blocks = picture.view->blocks;
  const auto shared = std::ranges::count_if(
      it.blocks, [&](llm::BlockId block) { return blocks[block].references > 1; });
  Json joules;
  if (picture.energy) joules = rounded(it.joules);
  return {{"sequence", it.id},
          {"request", it.request},
          {"tenant", it.tenant},
          {"state", kStages[static_cast<size_t>(it.stage)]},
          {"arrived_ms", milliseconds_or_null(it.times.arrived, picture.shift)},
          {"began_ms", milliseconds_or_null(it.times.scheduled, picture.shift)},
          {"first_token_ms", milliseconds_or_null(it.times.first_token, picture.shift)},
          {"prompt_tokens", it.prompt_tokens},
          {"cached_tokens", it.cached_tokens},
          {"computed_tokens", it.computed_tokens},
          {"generated_tokens", it.generated_tokens},
          {"blocks", it.blocks.size()},
          {"shared_blocks", shared},
          {"joules", std::move(joules)},
          {"priority", it.priority}};
}

}  // namespace

Json engine_json(const EnginePicture& it) {
  Json all = {{"time_ms", milliseconds(it.now.time + it.shift)}};
  all.update(engine_figures(it));
  all["steps"] = steps_json(it);
  all["blocks"] = blocks_json(*it.view);
  all["prefix"] = prefix_json(*it.view);
  return all;
}

Json sequences_json(const EnginePicture& picture, const Viewer& viewer) {
  Json all = Json::array();
  for (const llm::SequenceView& it : picture.view->sequences)
    if (viewer.sees(it.tenant)) all.push_back(sequence_json(picture, it));
  return all;
}

}  // namespace mill::web
