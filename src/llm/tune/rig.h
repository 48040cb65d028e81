#pragma once
// Runs windows of text through packed models, each window alone and in one step.

#include <memory>
#include <span>

#include "base/error.h"
#include "base/team.h"
#include "kernels/ops.h"
#include "llm/transformer/forward.h"

namespace mill::llm {

class Rig {
 public:
  // For models of this shape and windows of at most so many tokens; 0 threads = one for each
  // processor. Keys and values are kept in f32.
  static Result<std::unique_ptr<Rig>> open(const ModelConfig&, uint32_t tokens, unsigned threads);

  // The logits of so many rows of the window: (rows.size(), vocab).
  void run(const TransformerModel&, std::span<const TokenId> window, std::span<const uint32_t> rows,
           std::span<float> logits, const StepTap&);

  Team& team() { return team_; }
  const kernels::Ops& ops() const { return ops_; }
  const StepBuffers& buffers() const { return buffers_; }

 private:
  Rig(const kernels::Ops& ops, unsigned threads) : ops_(ops), team_(threads) {}

  const kernels::Ops& ops_;
  Team team_;
  RopeVariants rope_;
  KvMemory kv_;
  StepBuffers buffers_;
  std::vector<BlockId> blocks_;
};

}  // namespace mill::llm
