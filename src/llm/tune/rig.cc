#include "llm/tune/rig.h"

#include <numeric>

#include "base/assert.h"

namespace mill::llm {

Result<std::unique_ptr<Rig>> Rig::open(const ModelConfig& c, uint32_t tokens, unsigned threads) {
  TRY_ASSIGN(const kernels::Ops* ops, kernels::choose_ops());
  auto rig = std::unique_ptr<Rig>(new Rig(*ops, threads));
  const uint32_t blocks = (tokens + kBlockTokens - 1) / kBlockTokens;
  rig->blocks_.resize(blocks);
  std::iota(rig->blocks_.begin(), rig->blocks_.end(), BlockId{0});
  rig->rope_ = rope_variants(c);
  rig->kv_ = {.layout = {kernels::KvType::f32, c.head_dim},
              .blocks = blocks,
              .layers = c.layers,
              .kv_heads = c.kv_heads,
              .pages = {}};
  TRY_ASSIGN(rig->kv_.pages, Pages::allocate(rig->kv_.block_bytes() * blocks));
  TRY_ASSIGN(rig->buffers_, allocate_buffers(c, tokens));
  return rig;
}

void Rig::run(const TransformerModel& model, std::span<const TokenId> window,
              std::span<const uint32_t> rows, std::span<float> logits, const StepTap& tap) {
  ASSERT(logits.size() == rows.size() * model.config().vocab, logits.size(), rows.size());
  const BatchPiece piece{window, 0, blocks_, 0};
  Step step{.ops = ops_,
            .model = model,
            .rope = rope_,
            .buffers = buffers_,
            .kv = kv_,
            .pieces = {&piece, 1},
            .logits = {},
            .tap = &tap,
            .rows = {},
            .logit_rows = {},
            .units = {},
            .next_unit = {}};
  prepare(step);
  step.logits = logits;  // of other rows than the last ones
  step.logit_rows.assign(rows.begin(), rows.end());
  team_.run([&](Lane& lane) { forward(lane, step); });
}

}  // namespace mill::llm
