#pragma once
// The weights of one model as views into its file, by their place in the transformer. A pointer is
// null where the model has no such weight. Matrices are (outputs, inputs).

#include <memory>
#include <vector>

#include "base/error.h"
#include "data/model_file.h"
#include "data/tensor.h"
#include "llm/models/config.h"

namespace mill::llm {

struct LayerWeights {
  const Tensor *attention_norm = nullptr, *attention_norm_bias = nullptr;  // (width)
  const Tensor *query = nullptr, *key = nullptr,
               *value = nullptr;  // (heads·head_dim, width), (kv…)
  const Tensor *query_bias = nullptr, *key_bias = nullptr, *value_bias = nullptr;
  const Tensor *query_norm = nullptr, *key_norm = nullptr;  // (head_dim)
  const Tensor *output = nullptr, *output_bias = nullptr;   // (width, heads·head_dim), (width)
  const Tensor* attention_post_norm = nullptr;              // (width)
  const Tensor *mlp_norm = nullptr, *mlp_norm_bias = nullptr;
  const Tensor *gate = nullptr, *up = nullptr,
               *down = nullptr;  // (hidden, width)², (width, hidden)
  const Tensor *gate_bias = nullptr, *up_bias = nullptr, *down_bias = nullptr;
  const Tensor* mlp_post_norm = nullptr;
  const Tensor* router = nullptr;                                  // (experts, width)
  std::vector<const Tensor*> expert_gate, expert_up, expert_down;  // (experts) of 2-D views
};

struct Weights {
  const Tensor* embedding = nullptr;  // (vocab, width)
  const Tensor *final_norm = nullptr, *final_norm_bias = nullptr;
  const Tensor *head = nullptr, *head_bias = nullptr;  // (vocab, width); = embedding where tied
  std::vector<LayerWeights> layer;
  // Slices made while loading (an expert of a stack); shared, so that copies stay valid.
  std::vector<std::shared_ptr<const Tensor>> views;
};

// A model description: configuration, weights and the file that both point into.
struct ModelDescription {
  std::shared_ptr<const ModelFile> file;
  ModelConfig config;
  Weights weights;
};

// Finds the family in the table (llm/models/families.h), reads and checks every shape. An unknown
// architecture is Error{unsupported} listing those there are.
Result<ModelDescription> describe_model(std::shared_ptr<const ModelFile>);

}  // namespace mill::llm
