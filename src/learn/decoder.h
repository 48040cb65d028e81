#pragma once
// A decoder whose weights have gradients. The same mathematics as llm/models/reference.h, in
// LibTorch's float32 and in Hugging Face's names and order of rows.

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/model_file.h"
#include "learn/decoder_config.h"
#include "learn/torch.h"

namespace mill::learn {

// y = x·Wᵀ + b, and what an adapter adds to it: s·(x·Aᵀ)·Bᵀ (Hu et al., LoRA, 2021).
struct Projection {
  Tensor weight;  // (outputs, inputs)
  Tensor bias;    // (outputs) or undefined
  Tensor lora_a;  // (rank, inputs) or undefined
  Tensor lora_b;  // (outputs, rank) or undefined
  double lora_scale = 0.0;

  Tensor operator()(const Tensor& x) const;
};

struct DecoderLayer {
  Tensor attention_norm, mlp_norm;  // (width)
  Tensor query_norm, key_norm;      // (head_dim) or undefined
  Projection query, key, value, output;
  Projection gate, up, down;
};

struct Decoder {
  DecoderConfig config;
  Tensor embedding;  // (vocab, width)
  Tensor head;       // (vocab, width); the embedding itself where they are tied
  Tensor final_norm;
  std::vector<DecoderLayer> layers;
};

// Tokens of whole documents, one after another; each document has positions of its own.
struct TokenRows {
  Tensor tokens;                   // (rows) int64
  std::vector<int64_t> documents;  // where each begins, and the end of the last
  Tensor labels;                   // (rows) int64: the token to be said next, −1 = not asked for
};

struct ForwardOptions {
  // Keep a layer's input alone, and compute the layer again on the way back: a third more work,
  // little memory (Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016).
  bool recompute = false;
};

// Σ −log p(label) over the rows that have one. The spine.
Tensor loss_sum(const Decoder&, const TokenRows&, ForwardOptions = {});

// All weights in float32. A missing tensor or one of another shape is named.
Result<Decoder> load_decoder(const ModelFile& hugging_face);

// The seven matrices of a layer, by the names that adapters are configured with.
struct ProjectionRow {
  std::string_view name;    // q_proj
  std::string_view module;  // self_attn.q_proj
  Projection DecoderLayer::* member;
};
extern const std::array<ProjectionRow, 7> kProjections;

// Every tensor that there is, by its name in Hugging Face's files, in a fixed order.
struct NamedTensor {
  std::string name;
  Tensor* tensor = nullptr;
};
std::vector<NamedTensor> tensors_of(Decoder&);

}  // namespace mill::learn
