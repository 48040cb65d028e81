#include "llm/kv/block_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

namespace mill::llm {
namespace {

std::vector<TokenId> block_of(TokenId value) { return std::vector<TokenId>(kBlockTokens, value); }

TEST_CASE("a pool hands out each block once, and again when it was released") {
  BlockPool pool(3);
  std::vector<BlockId> blocks = {pool.take(), pool.take(), pool.take()};
  std::ranges::sort(blocks);
  CHECK(blocks == std::vector<BlockId>{0, 1, 2});
  CHECK(pool.available() == 0);
  pool.share(1);
  pool.release(1);
  CHECK(pool.available() == 0);
  pool.release(1);
  CHECK(pool.take() == 1);
  CHECK(pool.violation() == "");
}

TEST_CASE("a published block is found by its parent and tokens alone") {
  BlockPool pool(4);
  const BlockId root = pool.take(), child = pool.take();
  CHECK(pool.publish(kNoBlock, block_of(1), root) == root);
  CHECK(pool.publish(root, block_of(2), child) == child);
  CHECK(pool.find(kNoBlock, block_of(1)) == root);
  CHECK(pool.find(root, block_of(2)) == child);
  CHECK(pool.find(kNoBlock, block_of(2)) == kNoBlock);
  CHECK(pool.find(child, block_of(2)) == kNoBlock);
  auto almost = block_of(2);
  almost.back() = 3;
  CHECK(pool.find(root, almost) == kNoBlock);
}

TEST_CASE("a twin of a published block is turned down") {
  BlockPool pool(2);
  const BlockId first = pool.take(), second = pool.take();
  pool.publish(kNoBlock, block_of(7), first);
  CHECK(pool.publish(kNoBlock, block_of(7), second) == first);
  CHECK_FALSE(pool.published(second));
}

TEST_CASE("eviction takes the least recently used, children before parents") {
  BlockPool pool(3);
  const BlockId root = pool.take(), child = pool.take(), other = pool.take();
  pool.publish(kNoBlock, block_of(1), root);
  pool.publish(root, block_of(2), child);
  pool.publish(kNoBlock, block_of(3), other);
  pool.release(child);
  pool.release(root);
  pool.release(other);
  CHECK(pool.available() == 3);
  pool.share(root);  // used again: now the newest, once released
  pool.release(root);
  CHECK(pool.take() == child);
  CHECK(pool.find(root, block_of(2)) == kNoBlock);
  CHECK(pool.find(kNoBlock, block_of(1)) == root);
  CHECK(pool.take() == other);
  CHECK(pool.take() == root);
  CHECK(pool.violation() == "");
}

// Random sequences that grow along few distinct paths, as the scheduler would drive them.
struct Holder {
  std::vector<BlockId> blocks;
};

void grow(BlockPool& pool, Holder& holder, TokenId value) {
  const BlockId parent = holder.blocks.empty() ? kNoBlock : holder.blocks.back();
  if (BlockId found = pool.find(parent, block_of(value)); found != kNoBlock) {
    pool.share(found);
    holder.blocks.push_back(found);
    return;
  }
  if (pool.available() == 0) return;
  const BlockId fresh = pool.take();
  CHECK(pool.publish(parent, block_of(value), fresh) == fresh);
  holder.blocks.push_back(fresh);
}

void let_go(BlockPool& pool, Holder& holder) {
  for (; !holder.blocks.empty(); holder.blocks.pop_back()) pool.release(holder.blocks.back());
}

TEST_CASE("random use keeps every invariant") {
  for (uint32_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    BlockPool pool(static_cast<uint32_t>(1 + random() % 20));
    std::vector<Holder> holders(5);
    for (int i = 0; i < 200; ++i) {
      Holder& holder = holders[random() % holders.size()];
      if (random() % 5 == 0) {
        let_go(pool, holder);
      } else {
        grow(pool, holder, static_cast<TokenId>(random() % 3));
      }
      REQUIRE(pool.violation() == "");
    }
    for (Holder& holder : holders) let_go(pool, holder);
    REQUIRE(pool.held() == 0);
    REQUIRE(pool.violation() == "");
  }
}

}  // namespace
}  // namespace mill::llm
