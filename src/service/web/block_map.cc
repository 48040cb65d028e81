#include "service/web/block_map.h"

#include <algorithm>
#include <bit>

namespace mill::web {
namespace {

// Who holds which block alone: an index into the owners; of the others it says nothing.
std::vector<uint32_t> holders_of(const llm::EngineView& view, std::vector<uint64_t>& owners) {
  std::vector<uint32_t> holders(view.blocks.size());
  for (const llm::SequenceView& it : view.sequences) {
    if (it.blocks.empty()) continue;  // it waits, or is behind another
    for (const llm::BlockId block : it.blocks)
      holders[block] = static_cast<uint32_t>(owners.size());
    owners.push_back(it.id);
  }
  return holders;
}

BlockState state_of(const llm::BlockView& block) {
  if (block.references > 1) return kShared;
  if (block.references == 1) return kOwned;
  return block.published ? kCached : kFree;
}

void draw(BlockMap& map, BlockMap::Run cell) {
  if (!map.runs.empty() && map.runs.back().owner == cell.owner && map.runs.back().age == cell.age)
    ++map.runs.back().count;
  else
    map.runs.push_back(cell);
}

}  // namespace

uint32_t age_of(uint64_t since, uint64_t step) {
  return static_cast<uint32_t>(std::bit_width(1 + step - std::min(since, step))) - 1;
}

BlockMap block_map(const llm::EngineView& view) {
  BlockMap map{.total = static_cast<uint32_t>(view.blocks.size())};
  map.stride = std::max(1U, (map.total + kBlocksDrawn - 1) / kBlocksDrawn);
  const std::vector<uint32_t> holders = holders_of(view, map.owners);
  for (uint32_t i = 0; i < map.total; ++i) {
    const BlockState state = state_of(view.blocks[i]);
    map.free += state == kFree;
    map.cached += state == kCached;
    map.shared += state == kShared;
    map.owned += state == kOwned;
    if (i % map.stride != 0) continue;
    draw(map, {.owner = state == kOwned ? kOwned + holders[i] : state,
               .count = 1,
               .age = age_of(view.blocks[i].since, view.step)});
  }
  return map;
}

}  // namespace mill::web
