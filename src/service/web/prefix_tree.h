#pragma once
// The blocks that are found by their tokens, as a radix tree: a node is a run of blocks without a
// fork that as many sequences hold. Its tokens are not in it.

#include <cstdint>
#include <vector>

#include "llm/engine_view.h"

namespace mill::web {

struct PrefixNode {
  int parent = -1;  // index of a node before it
  uint32_t blocks = 0, holders = 0;
  uint32_t age = 0;    // of its last block (block_map.h)
  uint32_t below = 0;  // blocks of it and of all under it
};

struct PrefixTree {
  uint32_t blocks = 0, shown = 0, roots = 0;
  std::vector<PrefixNode> nodes = {};  // those with most below them, at most kNodesDrawn
};

inline constexpr size_t kNodesDrawn = 256;

PrefixTree prefix_tree(const llm::EngineView&);

}  // namespace mill::web
