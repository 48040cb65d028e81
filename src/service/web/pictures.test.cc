#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "llm/fake_runner.h"
#include "llm/simulation.h"
#include "service/web/block_map.h"
#include "service/web/prefix_tree.h"
#include "service/web/quantile.h"

namespace mill::web {
namespace {

using llm::BlockView;
using llm::EngineView;
using llm::kNoBlock;

std::string map_violation(const EngineView& view) {
  const BlockMap map = block_map(view);
  if (map.free + map.cached + map.shared + map.owned != map.total) return "the states' sum differs";
  if (map.shared + map.owned != view.stats.blocks_used) return "the held blocks' sum differs";
  std::vector<uint32_t> drawn;
  for (const BlockMap::Run& run : map.runs) drawn.insert(drawn.end(), run.count, run.owner);
  if (map.stride != 1 || drawn.size() != map.total) return "not every block is drawn once";
  for (uint32_t block = 0; block < map.total; ++block) {
    if (drawn[block] < kOwned) continue;
    const uint64_t owner = map.owners.at(drawn[block] - kOwned);
    for (const llm::SequenceView& it : view.sequences)
      if ((it.id == owner) != (std::ranges::count(it.blocks, block) > 0))
        return fmt::format("block {} is not {}'s alone", block, owner);
  }
  return "";
}

std::string tree_violation(const EngineView& view) {
  const PrefixTree tree = prefix_tree(view);
  const auto published = std::ranges::count_if(view.blocks, &BlockView::published);
  if (tree.blocks != published) return "not every findable block is counted";
  if (tree.nodes.size() < kNodesDrawn && tree.shown != tree.blocks)
    return "not every findable block is drawn";
  uint32_t sum = 0, roots = 0, below = 0;
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    const PrefixNode& it = tree.nodes[i];
    if (it.parent >= static_cast<int>(i) || it.parent < -1) return "a child before its parent";
    if (it.parent >= 0 && tree.nodes[static_cast<size_t>(it.parent)].holders < it.holders)
      return "a child is held more often than its parent";
    sum += it.blocks;
    roots += it.parent == -1;
    if (it.parent == -1) below += it.below;
  }
  if (sum != tree.shown || (tree.shown == tree.blocks && below != sum)) return "the sums differ";
  return roots <= tree.roots ? "" : "too many roots";
}

TEST_CASE("pictures are the truth at every step") {
  size_t forks = 0, most_runs = 0;
  for (uint32_t seed = 0; seed < 40; ++seed) {
    CAPTURE(seed);
    const llm::World world{
        .runner = [](uint32_t blocks) -> std::unique_ptr<llm::Runner> {
          return std::make_unique<llm::FakeRunner>(llm::FakeShape{.blocks = blocks});
        },
        .vocabulary = llm::fake_vocabulary(),
        .requests = 40,
        .look =
            [&](const llm::EngineCore& core) {
              const EngineView view = view_of(core);
              const PrefixTree tree = prefix_tree(view);
              std::map<int, int> children;
              for (const PrefixNode& it : tree.nodes) forks += ++children[it.parent] == 2;
              most_runs = std::max(most_runs, block_map(view).runs.size());
              if (auto broken = map_violation(view); !broken.empty()) return broken;
              return tree_violation(view);
            }};
    llm::Simulation simulation(world, seed);
    REQUIRE(simulation.run() == "");
  }
  CHECK(forks > 1000);  // the seeds see what they are meant to see
  CHECK(most_runs > 5);
}

TEST_CASE("ages are powers of two, in steps") {
  CHECK(age_of(7, 7) == 0);
  CHECK(age_of(6, 7) == 1);
  CHECK(age_of(4, 7) == 2);
  CHECK(age_of(0, 1023) == 10);
  CHECK(age_of(9, 7) == 0);
}

TEST_CASE("a large pool is drawn by some of its blocks, and its sums are exact") {
  EngineView view{.step = 100};
  view.blocks.assign(3 * kBlocksDrawn + 1, {});
  for (size_t i = 0; i < 100; ++i) view.blocks[i * 7] = {.published = true};
  const BlockMap map = block_map(view);
  CHECK(map.stride == 4);
  CHECK(map.cached == 100);
  CHECK(map.free == map.total - 100);
  uint32_t drawn = 0;
  for (const BlockMap::Run& run : map.runs) drawn += run.count;
  CHECK(drawn == (map.total + 3) / 4);
  CHECK(map.runs.size() <= kBlocksDrawn);
}

// Block i's parent is parents[i]; all are cached.
EngineView forest_of(const std::vector<llm::BlockId>& parents) {
  EngineView view;
  for (const llm::BlockId parent : parents)
    view.blocks.push_back({.published = true, .parent = parent});
  return view;
}

TEST_CASE("a chain is a node, and a fork begins others") {
  //  0 ─ 1 ─ 2 ─┬─ 3 ─ 4        5
  //             └─ 6
  const PrefixTree tree = prefix_tree(forest_of({kNoBlock, 0, 1, 2, 3, kNoBlock, 2}));
  REQUIRE(tree.nodes.size() == 4);
  CHECK(tree.roots == 2);
  CHECK(tree.nodes[0].blocks == 3);
  CHECK(tree.nodes[0].below == 6);
  CHECK(tree.nodes[1].parent == 0);
  CHECK(tree.nodes[1].blocks == 2);
  CHECK(tree.shown == 7);
}

TEST_CASE("where others hold the end of a chain, it is another node") {
  EngineView view = forest_of({kNoBlock, 0, 1});
  view.blocks[0].references = view.blocks[1].references = 2;
  view.blocks[2].references = 1;
  const PrefixTree tree = prefix_tree(view);
  REQUIRE(tree.nodes.size() == 2);
  CHECK(tree.nodes[0].holders == 2);
  CHECK(tree.nodes[1].holders == 1);
}

TEST_CASE("of a large forest, the largest trees are drawn") {
  std::vector<llm::BlockId> parents(4000, kNoBlock);
  for (uint32_t i = 3001; i < 4000; ++i) parents[i] = i - 1;  // one chain of a thousand
  const PrefixTree tree = prefix_tree(forest_of(parents));
  CHECK(tree.nodes.size() == kNodesDrawn);
  CHECK(tree.nodes.front().blocks == 1000);
  CHECK(tree.blocks == 4000);
  CHECK(tree.shown == 1000 + kNodesDrawn - 1);
}

TEST_CASE("quantiles lie where Prometheus puts them") {
  const std::vector<double> bounds = {1, 2, 4};
  CHECK(!quantile(bounds, std::vector<uint64_t>{0, 0, 0, 0}, 0.5).has_value());
  CHECK(quantile(bounds, std::vector<uint64_t>{0, 10, 0, 0}, 0.5) == doctest::Approx(1.5));
  CHECK(quantile(bounds, std::vector<uint64_t>{5, 0, 5, 0}, 0.5) == doctest::Approx(1));
  CHECK(quantile(bounds, std::vector<uint64_t>{5, 0, 5, 0}, 0.9) == doctest::Approx(3.6));
  CHECK(quantile(bounds, std::vector<uint64_t>{1, 0, 0, 9}, 0.99) == doctest::Approx(4));
}

}  // namespace
}  // namespace mill::web
