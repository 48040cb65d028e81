#pragma once
// A model ready to run: every matrix packed for the dot-product instructions (kernels/packed.h),
// every vector as f32. Const once packed.

#include <deque>
#include <memory>
#include <vector>

#include "base/error.h"
#include "base/pages.h"
#include "base/team.h"
#include "kernels/ops.h"
#include "llm/models/weights.h"

namespace mill::llm {

struct Projection {
  kernels::PackedMatrix matrix;  // (outputs, inputs)
  const float* bias = nullptr;   // (outputs) or null
};

struct Expert {
  Projection gate, up, down;
};

struct TransformerLayer {
  kernels::NormArgs attention_norm, mlp_norm;            // (width)
  kernels::NormArgs attention_post_norm, mlp_post_norm;  // (width); weight null where absent
  kernels::NormArgs query_norm, key_norm;                // (head_dim); weight null where absent
  Projection query, key, value, output;
  Projection gate, up, down;  // gate is empty where the MLP has none
  Projection router;          // (experts, width)
  std::vector<Expert> experts;
};

struct TransformerModel {
  std::shared_ptr<const ModelDescription> description;
  std::vector<TransformerLayer> layers;
  kernels::NormArgs final_norm;
  Projection head;
  bool has_quants = false, has_bf16 = false;  // among its matrices: what inputs must be made into

  const ModelConfig& config() const { return description->config; }

  Pages storage;                           // the panels
  std::deque<std::vector<float>> vectors;  // norms and biases
};

// Bytes that the packed matrices take.
size_t packed_model_bytes(const ModelDescription&);

// Where a matrix is multiplied with: a tied embedding is the head, too. The rows of Q and K may be
// in another order than in the file (below); dims 0 = they are as they were.
struct MatrixUse {
  Projection* projection = nullptr;
  size_t layer = 0;  // the head's is the number of layers
  size_t head_dim = 0, rotary_dim = 0;
};
std::vector<MatrixUse> uses_of(TransformerModel&, const Tensor& matrix);

// A matrix packed for itself, to stand in for a model's own (llm/tune).
struct PackedAlone {
  kernels::PackedMatrix matrix;
  Pages storage;
};
Result<PackedAlone> pack_alone(const Tensor&, const MatrixUse&, Team&);

// Packs with all lanes of the team. Files whose rotary pairs are adjacent, (0,1)(2,3)…, get the
// rows of Q and K reordered so that pairs are (0,d/2)(1,d/2+1)…: a permutation of both sides of the
// dot product q·k, after which one rope kernel serves all.
Result<std::unique_ptr<TransformerModel>> pack_model(std::shared_ptr<const ModelDescription>,
                                                     Team&);

}  // namespace mill::llm
