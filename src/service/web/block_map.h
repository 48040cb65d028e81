#pragma once
// The KV cache as a picture: each block with its one owner and its age, in runs of like blocks.

#include <cstdint>
#include <vector>

#include "llm/engine_view.h"

namespace mill::web {

// Owners 0, 1 and 2; from 3 on, owners[i - 3] is the sequence that alone holds the block.
enum BlockState : uint32_t { kFree, kCached, kShared, kOwned };

struct BlockMap {
  struct Run {
    uint32_t owner = 0, count = 0, age = 0;
  };
  uint32_t total = 0, free = 0, cached = 0, shared = 0, owned = 0;  // exact, whatever is drawn
  uint32_t stride = 1;                                              // every so many-th is drawn
  std::vector<uint64_t> owners = {};
  std::vector<Run> runs = {};
};

inline constexpr uint32_t kBlocksDrawn = 4096;

BlockMap block_map(const llm::EngineView&);

// floor(log2(1 + steps)): 0 is now, 10 some thousand steps ago.
uint32_t age_of(uint64_t since, uint64_t step);

}  // namespace mill::web
