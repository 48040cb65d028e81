#pragma once
// The seam between scheduling and arithmetic: a Runner is an opened model with room for keys and
// values; one step takes a batch of pieces of sequences and gives the logits that were asked for.
// The same piece gives the same bits whatever else is in the batch (the determinism contract).

#include <cstdint>
#include <span>
#include <vector>

#include "data/tokenizer/tokenizer.h"

namespace mill::llm {

using BlockId = uint32_t;
inline constexpr uint32_t kBlockTokens = 32;  // positions in one block of the KV cache

// Consecutive tokens of one sequence, to be processed in this step.
struct BatchPiece {
  std::span<const TokenId> tokens;
  uint32_t position = 0;            // of tokens[0]; everything before it is in the cache already
  std::span<const BlockId> blocks;  // the sequence's block table, covering position+tokens.size()
  uint32_t logits = 0;              // logits wanted for the last so many tokens (0 or 1, mostly)
};

// What one block holds, in the place of another's.
struct BlockCopy {
  BlockId from = 0, to = 0;
};

// Bytes that a runner holds; 0 = it does not tell.
struct RunnerMemory {
  uint64_t weights = 0, kv = 0;
};

class Runner {
 public:
  virtual ~Runner() = default;
  virtual uint32_t vocab_size() const = 0;
  virtual uint32_t context_max() const = 0;       // longest sequence, tokens
  virtual uint32_t block_count() const = 0;       // blocks in the KV pool
  virtual uint32_t batch_tokens_max() const = 0;  // most tokens in a step
  // logits: one row of vocab_size() for each wanted row, in the order of the pieces.
  virtual void step(std::span<const BatchPiece>, std::span<float> logits) = 0;
  // Between steps, one after the other: what one has written, the next may read.
  virtual void copy(std::span<const BlockCopy>) = 0;
  // What the head has made the last step's logits of, (rows, width); nothing where a runner does
  // not tell. Valid until the next step.
  virtual std::span<const float> hidden() const { return {}; }
  virtual RunnerMemory memory() const { return {}; }
};

}  // namespace mill::llm
