#include "llm/transformer/model.h"

#include <algorithm>

#include "base/assert.h"
#include "data/quants.h"

namespace mill::llm {
namespace {

using kernels::kPanelRows;
using kernels::NormArgs;
using kernels::PackedMatrix;

size_t extent(const Tensor& tensor, size_t axis) { return static_cast<size_t>(tensor.shape[axis]); }

size_t storage_bytes(const Tensor& matrix) {
  const size_t panels = (extent(matrix, 0) + kPanelRows - 1) / kPanelRows;
  const size_t bytes = panels * kernels::packed_panel_bytes(matrix.dtype, extent(matrix, 1));
  return (bytes + 63) / 64 * 64;
}

// Every matrix of the model that is multiplied with.
std::vector<const Tensor*> matrices(const Weights& weights) {
  std::vector<const Tensor*> all{weights.head};
  for (const LayerWeights& w : weights.layer) {
    all.insert(all.end(), {w.query, w.key, w.value, w.output, w.gate, w.up, w.down, w.router});
    for (const auto* experts : {&w.expert_gate, &w.expert_up, &w.expert_down})
      all.insert(all.end(), experts->begin(), experts->end());
  }
  std::erase(all, nullptr);
  return all;
}

// Where row i of Q or K comes from when adjacent pairs become halves, head by head.
struct RowOrder {
  size_t head_dim = 0, rotary_dim = 0;  // 0 = rows as they are
  size_t source(size_t row) const {
    if (head_dim == 0) return row;
    const size_t head = row / head_dim * head_dim;
    const size_t i = row % head_dim;
    const size_t half = rotary_dim / 2;
    if (i < half) return head + 2 * i;
    if (i < rotary_dim) return head + 2 * (i - half) + 1;
    return row;
  }
};

void pack_one(const Tensor& tensor, RowOrder order, size_t panel, std::byte* to) {
  const size_t rows = extent(tensor, 0);
  const size_t row_bytes = bytes_of(tensor.dtype, extent(tensor, 1));
  std::array<const std::byte*, kPanelRows> sources{};
  for (size_t i = 0; i < kPanelRows && panel * kPanelRows + i < rows; ++i)
    sources[i] = tensor.bytes.data() + order.source(panel * kPanelRows + i) * row_bytes;
  kernels::pack_panel(tensor.dtype, extent(tensor, 1), sources, to);
}

PackedMatrix pack_panels(const Tensor& tensor, RowOrder order, std::byte* panels, Team& team) {
  const size_t cols = extent(tensor, 1);
  const PackedMatrix matrix{tensor.dtype, extent(tensor, 0), cols, panels,
                            kernels::packed_panel_bytes(tensor.dtype, cols)};
  team.run([&](Lane& lane) {
    const Share share = lane.split(matrix.panel_count());
    for (size_t panel = share.begin; panel < share.end; ++panel)
      pack_one(tensor, order, panel, panels + panel * matrix.panel_bytes);
  });
  return matrix;
}

class Packer {
 public:
  Packer(TransformerModel& model, Team& team) : model_(model), team_(team) {}

  Projection projection(const Tensor* weight, const Tensor* bias = nullptr, RowOrder order = {}) {
    if (weight == nullptr) return {};
    return {pack(*weight, order), bias == nullptr ? nullptr : vector(*bias, 0.0F, order)};
  }

  NormArgs norm(const Tensor* weight, const Tensor* bias = nullptr, RowOrder order = {}) {
    if (weight == nullptr) return {};
    const ModelConfig& c = model_.config();
    return {.weight = vector(*weight, c.norm_weight_offset, order),
            .bias = bias == nullptr ? nullptr : vector(*bias, 0.0F, order),
            .epsilon = c.norm_epsilon,
            .cols = static_cast<size_t>(weight->values())};
  }

 private:
  PackedMatrix pack(const Tensor& tensor, RowOrder order) {
    model_.has_bf16 |= tensor.dtype == DType::BF16;
    model_.has_quants |= kernels::packed_layout(tensor.dtype).bits < 16;
    std::byte* panels = model_.storage.data() + used_;
    used_ += storage_bytes(tensor);
    ASSERT(used_ <= model_.storage.size(), used_, model_.storage.size());
    const PackedMatrix matrix = pack_panels(tensor, order, panels, team_);
    // The file's copy is not needed any more. What is somebody's memory would be lost: an embedding
    // is read after it is packed as the head.
    if (model_.description->file->maps(tensor)) release_mapped(tensor.bytes);
    return matrix;
  }

  const float* vector(const Tensor& tensor, float offset, RowOrder order) {
    std::vector<float> values(static_cast<size_t>(tensor.values()));
    dequantize(tensor.dtype, tensor.bytes, values);
    std::vector<float>& kept = model_.vectors.emplace_back(values.size());
    for (size_t i = 0; i < kept.size(); ++i) kept[i] = values[order.source(i)] + offset;
    return kept.data();
  }

  TransformerModel& model_;
  Team& team_;
  size_t used_ = 0;
};

RowOrder order_of(const ModelConfig& c, const LayerConfig& layer) {
  if (layer.rope && c.rope_pairs == RopePairs::adjacent) return {c.head_dim, c.rotary_dim};
  return {};
}

TransformerLayer pack_layer(Packer& packer, const ModelConfig& c, const LayerConfig& layer,
                            const LayerWeights& w) {
  const RowOrder order = order_of(c, layer);
  TransformerLayer out{
      .attention_norm = packer.norm(w.attention_norm, w.attention_norm_bias),
      .mlp_norm = packer.norm(w.mlp_norm, w.mlp_norm_bias),
      .attention_post_norm = packer.norm(w.attention_post_norm),
      .mlp_post_norm = packer.norm(w.mlp_post_norm),
      .query_norm = packer.norm(w.query_norm, nullptr, order),
      .key_norm = packer.norm(w.key_norm, nullptr, order),
      .query = packer.projection(w.query, w.query_bias, order),
      .key = packer.projection(w.key, w.key_bias, order),
      .value = packer.projection(w.value, w.value_bias),
      .output = packer.projection(w.output, w.output_bias),
      .gate = packer.projection(w.gate, w.gate_bias),
      .up = packer.projection(w.up, w.up_bias),
      .down = packer.projection(w.down, w.down_bias),
      .router = packer.projection(w.router),
      .experts = {},
  };
  for (size_t e = 0; e < w.expert_gate.size(); ++e)
    out.experts.push_back({packer.projection(w.expert_gate[e]), packer.projection(w.expert_up[e]),
                           packer.projection(w.expert_down[e])});
  return out;
}

}  // namespace

size_t packed_model_bytes(const ModelDescription& description) {
  size_t bytes = 0;
  for (const Tensor* matrix : matrices(description.weights)) bytes += storage_bytes(*matrix);
  return bytes;
}

std::vector<MatrixUse> uses_of(TransformerModel& model, const Tensor& matrix) {
  std::vector<MatrixUse> uses;
  size_t n = 0;
  const auto add = [&](const Tensor* weight, Projection& projection, RowOrder order = {}) {
    if (weight == &matrix) uses.push_back({&projection, n, order.head_dim, order.rotary_dim});
  };
  const Weights& weights = model.description->weights;
  for (; n < model.layers.size(); ++n) {
    const LayerWeights& w = weights.layer[n];
    TransformerLayer& layer = model.layers[n];
    const RowOrder order = order_of(model.config(), model.config().layer[n]);
    add(w.query, layer.query, order);
    add(w.key, layer.key, order);
    add(w.value, layer.value);
    add(w.output, layer.output);
    add(w.gate, layer.gate);
    add(w.up, layer.up);
    add(w.down, layer.down);
    for (size_t e = 0; e < layer.experts.size(); ++e) {
      add(w.expert_gate[e], layer.experts[e].gate);
      add(w.expert_up[e], layer.experts[e].up);
      add(w.expert_down[e], layer.experts[e].down);
    }
  }
  add(weights.head, model.head);
  return uses;
}

Result<PackedAlone> pack_alone(const Tensor& tensor, const MatrixUse& use, Team& team) {
  PackedAlone out;
  TRY_ASSIGN(out.storage, Pages::allocate(storage_bytes(tensor)));
  out.matrix = pack_panels(tensor, {use.head_dim, use.rotary_dim}, out.storage.data(), team);
  return out;
}

Result<std::unique_ptr<TransformerModel>> pack_model(
    std::shared_ptr<const ModelDescription> description, Team& team) {
  auto model = std::make_unique<TransformerModel>();
  TRY_ASSIGN(model->storage, Pages::allocate(packed_model_bytes(*description)));
  model->description = std::move(description);
  const ModelConfig& c = model->config();
  const Weights& w = model->description->weights;
  Packer packer(*model, team);
  for (size_t n = 0; n < c.layers; ++n)
    model->layers.push_back(pack_layer(packer, c, c.layer[n], w.layer[n]));
  model->final_norm = packer.norm(w.final_norm, w.final_norm_bias);
  model->head = packer.projection(w.head, w.head_bias);
  return model;
}

}  // namespace mill::llm
