#pragma once
// The forward pass: one step of many pieces of sequences through all layers, as every lane of a
// team runs it. The same row gives the same bits whatever else is in the step: every op works row
// by row (kernels/ops.h), and lanes only share out rows, panels of outputs or heads.

#include <atomic>
#include <functional>
#include <span>
#include <vector>

#include "base/team.h"
#include "llm/runner.h"
#include "llm/transformer/model.h"
#include "llm/transformer/state.h"

namespace mill::llm {

// Where a row of the step belongs.
struct RowPlace {
  TokenId token = 0;
  uint32_t position = 0;
  uint32_t piece = 0;  // index into the step's pieces
};

// Query heads of a few tokens of one piece that look at the same keys: the unit of attention work.
struct AttentionUnit {
  uint32_t row = 0, rows = 0;  // tokens
  uint32_t kv_head = 0;
  uint32_t head = 0, heads = 0;  // query heads
};

// What an onlooker (llm/tune) wants of a step besides its logits. Both are called on every lane,
// which must not be let out of step.
struct StepTap {
  size_t first_layer = 0;         // begin with this one …
  const float* hidden = nullptr;  // … and this input of it, (rows, width); null = the embeddings
  // buffers.hidden is the input of `layer`; of the head's norm, for the number of layers.
  std::function<void(Lane&, size_t layer)> before_layer = nullptr;
  // `rows` of inputs, before they are multiplied with a matrix.
  std::function<void(Lane&, const Projection&, const kernels::Activations&, size_t rows)>
      before_product = nullptr;
};

struct Step {
  const kernels::Ops& ops;
  const TransformerModel& model;
  const RopeVariants& rope;
  StepBuffers& buffers;
  KvMemory& kv;
  std::span<const BatchPiece> pieces;
  std::span<float> logits;  // (logit_rows.size(), vocab)
  const StepTap* tap = nullptr;

  std::vector<RowPlace> rows;
  std::vector<uint32_t> logit_rows;  // rows whose logits are wanted
  std::vector<AttentionUnit> units;
  std::vector<std::atomic<uint32_t>> next_unit;  // (layers), handed out to whichever lane is free
};

// Lays out the rows and the attention units of a step.
void prepare(Step&);

// The spine.
void forward(Lane&, Step&);

// The two halves of a layer. Each reads and adds to buffers.hidden and ends at a barrier.
void attention_block(Lane&, Step&, size_t layer);
void mlp_block(Lane&, Step&, size_t layer);

// Norms all rows of x into `out`, and quantises them where a matrix that follows is quantised.
struct NormedInput {
  const kernels::NormArgs* norm = nullptr;
  const float* x = nullptr;
  float* out = nullptr;
  size_t rows = 0;
};
kernels::Activations normed_input(Lane&, Step&, const NormedInput&);
// Quantises rows that are there already.
kernels::Activations plain_input(Lane&, Step&, const float* x, size_t rows, size_t cols);

// out (+)= input · Wᵀ + bias for a group of projections of one input, panels shared out over lanes.
struct Output {
  const Projection* projection = nullptr;
  float* out = nullptr;  // (rows, outputs)
  bool add = false;
};
void project(Lane&, Step&, const kernels::Activations& input, size_t rows,
             std::span<const Output> outputs);

// hidden += branch, through a post-norm where the layer has one.
void add_branch(Lane&, Step&, const kernels::NormArgs& post_norm);

}  // namespace mill::llm
