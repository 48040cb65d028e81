#include "service/web/prefix_tree.h"

#include <algorithm>
#include <queue>

#include "service/web/block_map.h"

namespace mill::web {
namespace {

using llm::BlockId;
using llm::kNoBlock;

// The children of each block as a list: its first one, and then each one's next sister.
struct Forest {
  std::vector<BlockId> first, next;
  std::vector<BlockId> roots = {}, order = {};  // order: parents before their children
  std::vector<uint32_t> below;                  // blocks in the tree under each, itself included

  explicit Forest(const llm::EngineView& view)
      : first(view.blocks.size(), kNoBlock),
        next(view.blocks.size(), kNoBlock),
        below(view.blocks.size(), 1) {
    for (BlockId block = 0; block < view.blocks.size(); ++block) add(view, block);
    order = roots;
    for (size_t i = 0; i < order.size(); ++i)
      for (BlockId child = first[order[i]]; child != kNoBlock; child = next[child])
        order.push_back(child);
    for (size_t i = order.size(); i-- > 0;)
      if (const BlockId parent = view.blocks[order[i]].parent; parent != kNoBlock)
        below[parent] += below[order[i]];
  }

  bool forks(BlockId block) const {
    return first[block] == kNoBlock || next[first[block]] != kNoBlock;
  }

 private:
  void add(const llm::EngineView& view, BlockId block) {
    const llm::BlockView& it = view.blocks[block];
    if (!it.published) return;
    if (it.parent == kNoBlock) {
      roots.push_back(block);
    } else {
      next[block] = first[it.parent];
      first[it.parent] = block;
    }
  }
};

struct Candidate {
  BlockId block = kNoBlock;
  int parent = -1;
  uint32_t below = 0;

  bool operator<(const Candidate& other) const {  // the first of equals is the lower block
    return std::pair(below, other.block) < std::pair(other.below, block);
  }
};

}  // namespace

PrefixTree prefix_tree(const llm::EngineView& view) {
  const Forest forest(view);
  PrefixTree tree{.blocks = static_cast<uint32_t>(forest.order.size()),
                  .roots = static_cast<uint32_t>(forest.roots.size())};
  std::priority_queue<Candidate> waiting;
  for (const BlockId root : forest.roots) waiting.push({root, -1, forest.below[root]});
  for (; !waiting.empty() && tree.nodes.size() < kNodesDrawn;) {
    const auto [begin, parent, below] = waiting.top();
    waiting.pop();
    const uint32_t holders = view.blocks[begin].references;
    uint32_t blocks = 1;
    BlockId last = begin;
    for (; !forest.forks(last) && view.blocks[forest.first[last]].references == holders; ++blocks)
      last = forest.first[last];
    const int node = static_cast<int>(tree.nodes.size());
    for (BlockId child = forest.first[last]; child != kNoBlock; child = forest.next[child])
      waiting.push({child, node, forest.below[child]});
    tree.shown += blocks;
    tree.nodes.push_back({.parent = parent,
                          .blocks = blocks,
                          .holders = holders,
                          .age = age_of(view.blocks[last].since, view.step),
                          .below = below});
  }
  return tree;
}

}  // namespace mill::web
