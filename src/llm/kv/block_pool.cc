#include "llm/kv/block_pool.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "base/assert.h"

namespace mill::llm {
namespace {

// The finaliser of splitmix64: all that is asked of it is to spread the buckets, because keys are
// compared exactly.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

uint64_t hash(BlockId parent, std::span<const TokenId> tokens) {
  uint64_t state = parent;
  for (TokenId token : tokens) state = mix(state) + static_cast<uint32_t>(token);
  return mix(state);
}

}  // namespace

BlockPool::BlockPool(uint32_t blocks)
    : blocks_(blocks),
      tokens_(size_t{blocks} * kBlockTokens),
      buckets_(std::bit_ceil(std::max<size_t>(blocks, 1)), kNoBlock) {
  for (uint32_t i = 0; i < blocks; ++i) free_.push_back(blocks - 1 - i);  // block 0 goes first
}

BlockId BlockPool::take() {
  ASSERT(available() > 0, size());
  BlockId block;
  if (free_.empty()) {
    block = evict_oldest();
  } else {
    block = free_.back();
    free_.pop_back();
  }
  blocks_[block].references = 1;
  blocks_[block].since = step_;
  return block;
}

void BlockPool::share(BlockId block) {
  Block& it = blocks_[block];
  ASSERT(it.references > 0 || it.published, block);
  if (it.references < 2) it.since = step_;
  if (it.references++ == 0) remove_cached(block);
}

void BlockPool::release(BlockId block) {
  Block& it = blocks_[block];
  ASSERT(it.references > 0, block);
  if (it.references < 3) it.since = step_;
  if (--it.references > 0) return;
  if (it.published) {
    append_cached(block);
  } else {
    free_.push_back(block);
  }
}

BlockId BlockPool::find(BlockId parent, std::span<const TokenId> tokens) const {
  ASSERT(tokens.size() == kBlockTokens, tokens.size());
  BlockId block = buckets_[hash(parent, tokens) & (buckets_.size() - 1)];
  for (; block != kNoBlock; block = blocks_[block].next_in_bucket)
    if (blocks_[block].parent == parent && std::ranges::equal(tokens_of(block), tokens)) break;
  return block;
}

BlockId BlockPool::publish(BlockId parent, std::span<const TokenId> tokens, BlockId block) {
  Block& it = blocks_[block];
  ASSERT(it.references > 0 && !it.published, block, it.references);
  ASSERT(parent == kNoBlock || (published(parent) && references(parent) > 0), block, parent);
  if (BlockId twin = find(parent, tokens); twin != kNoBlock) return twin;
  std::ranges::copy(tokens, tokens_.begin() + ptrdiff_t{block} * kBlockTokens);
  it.published = true;
  it.parent = parent;
  BlockId& head = bucket(parent, tokens);
  it.next_in_bucket = head;
  head = block;
  return block;
}

std::span<const TokenId> BlockPool::tokens_of(BlockId block) const {
  return std::span(tokens_).subspan(size_t{block} * kBlockTokens, kBlockTokens);
}

BlockId& BlockPool::bucket(BlockId parent, std::span<const TokenId> tokens) {
  return buckets_[hash(parent, tokens) & (buckets_.size() - 1)];
}

void BlockPool::append_cached(BlockId block) {
  blocks_[block].older = newest_;
  blocks_[block].newer = kNoBlock;
  (newest_ == kNoBlock ? oldest_ : blocks_[newest_].newer) = block;
  newest_ = block;
  ++cached_;
}

void BlockPool::remove_cached(BlockId block) {
  const Block& it = blocks_[block];
  (it.older == kNoBlock ? oldest_ : blocks_[it.older].newer) = it.newer;
  (it.newer == kNoBlock ? newest_ : blocks_[it.newer].older) = it.older;
  --cached_;
}

BlockId BlockPool::evict_oldest() {
  const BlockId block = oldest_;
  remove_cached(block);
  BlockId* link = &bucket(blocks_[block].parent, tokens_of(block));
  while (*link != block) link = &blocks_[*link].next_in_bucket;
  *link = blocks_[block].next_in_bucket;
  blocks_[block] = {};
  return block;
}

std::string BlockPool::violation() const {
  uint32_t idle = 0;
  for (const Block& it : blocks_) idle += it.references == 0;
  if (idle != available())
    return fmt::format("{} blocks without reference, {} free or cached", idle, available());
  for (BlockId block : free_)
    if (blocks_[block].references > 0 || published(block))
      return fmt::format("block {} is on the free list and in use", block);
  if (std::string text = cached_violation(); !text.empty()) return text;
  return published_violation();
}

// The list of cached blocks: consistent links, no references, children before their parents.
std::string BlockPool::cached_violation() const {
  std::vector<bool> seen(size());
  uint32_t length = 0;
  BlockId last = kNoBlock;
  for (BlockId block = oldest_; block != kNoBlock; block = blocks_[block].newer) {
    const Block& it = blocks_[block];
    if (it.references > 0 || !it.published) return fmt::format("block {} is not cached", block);
    if (it.older != last) return fmt::format("block {} has a broken link", block);
    if (it.parent != kNoBlock && seen[it.parent])
      return fmt::format("block {} would be evicted after its parent {}", block, it.parent);
    if (++length > cached_) return "the list of cached blocks is longer than its count";
    seen[block] = true;
    last = block;
  }
  if (length != cached_ || newest_ != last) return "the list of cached blocks ends early";
  return "";
}

// Every published block is found by its own key, and whoever holds it holds its parent.
std::string BlockPool::published_violation() const {
  for (BlockId block = 0; block < size(); ++block) {
    const Block& it = blocks_[block];
    if (!it.published) continue;
    if (find(it.parent, tokens_of(block)) != block)
      return fmt::format("block {} is not found by its tokens", block);
    if (it.parent == kNoBlock) continue;
    if (!published(it.parent)) return fmt::format("block {} has lost its parent", block);
    if (it.references > references(it.parent))
      return fmt::format("block {} is held more often than its parent {}", block, it.parent);
  }
  return "";
}

}  // namespace mill::llm
