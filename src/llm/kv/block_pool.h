#pragma once
// Who owns which block of the KV cache. The keys and values lie in the Runner; here are only ids.
//
// A block is in one of three states:
//   free    nobody's, content worthless
//   held    by one or more sequences (a reference each)
//   cached  held by nobody, but full and published: found again by its tokens until it is evicted,
//           least recently used first
//
// Published blocks form a forest: a block's key is the block before it (its parent) and its own
// kBlockTokens tokens, compared exactly, so by induction a block is found only by the very tokens
// that it was computed from and no hash collision can hand over somebody else's context. Whoever
// holds a published block holds its parent too, and releases the deepest first; hence a child is
// always evicted before its parent, and a key never names a parent that has become something else.
//
// Every operation takes constant time (find and publish: that of hashing one block's tokens).

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "llm/runner.h"

namespace mill::llm {

inline constexpr BlockId kNoBlock = UINT32_MAX;  // also the parent of a sequence's first block

class BlockPool {
 public:
  explicit BlockPool(uint32_t blocks);

  uint32_t size() const { return static_cast<uint32_t>(blocks_.size()); }
  uint32_t available() const { return static_cast<uint32_t>(free_.size()) + cached_; }
  uint32_t held() const { return size() - available(); }
  uint32_t references(BlockId block) const { return blocks_[block].references; }
  bool published(BlockId block) const { return blocks_[block].published; }
  BlockId parent(BlockId block) const { return blocks_[block].parent; }  // of a published one

  // The step that the calls from now on belong to; and the one in which a block has come into its
  // state: free, cached, held by one, or shared by several.
  void at(uint64_t step) { step_ = step; }
  uint64_t since(BlockId block) const { return blocks_[block].since; }

  BlockId take();         // a block to write into; available() must not be 0. May evict.
  void share(BlockId);    // one more reference to a held or cached block
  void release(BlockId);  // one reference less

  // The published block that follows `parent` and holds `tokens`, or kNoBlock. Takes no reference.
  BlockId find(BlockId parent, std::span<const TokenId> tokens) const;

  // Makes a full, held block findable and returns it; or, where its twin is published already,
  // returns the twin and changes nothing: the caller goes on with that one (same tokens, same
  // bits).
  BlockId publish(BlockId parent, std::span<const TokenId> tokens, BlockId);

  std::string violation() const;  // the first broken invariant, or ""; for tests, takes linear time

 private:
  struct Block {
    uint32_t references = 0;
    bool published = false;
    BlockId parent = kNoBlock;
    BlockId newer = kNoBlock, older = kNoBlock;  // neighbours in the list of cached blocks
    BlockId next_in_bucket = kNoBlock;
    uint64_t since = 0;
  };

  std::span<const TokenId> tokens_of(BlockId block) const;
  BlockId& bucket(BlockId parent, std::span<const TokenId> tokens);
  void append_cached(BlockId);
  void remove_cached(BlockId);
  BlockId evict_oldest();
  std::string cached_violation() const;
  std::string published_violation() const;

  std::vector<Block> blocks_;
  std::vector<TokenId> tokens_;   // (blocks, kBlockTokens), of published blocks
  std::vector<BlockId> buckets_;  // a power of two of them
  std::vector<BlockId> free_;
  BlockId oldest_ = kNoBlock, newest_ = kNoBlock;  // ends of the list of cached blocks
  uint32_t cached_ = 0;                            // its length
  uint64_t step_ = 0;
};

}  // namespace mill::llm
