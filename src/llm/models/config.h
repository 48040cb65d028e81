#pragma once
// What a transformer of the families we run can vary in. A family's file reads a model file's
// hyperparameters into this and says where each weight is found; nothing else knows a model's name.

#include <cstdint>
#include <string>
#include <vector>

namespace mill::llm {

enum class Norm : uint8_t { rms, layer };  // layer = with mean and bias
enum class Activation : uint8_t { silu, gelu_tanh, relu_squared };
enum class RopePairs : uint8_t { adjacent, halves };  // (0,1)(2,3)… or (0,d/2)(1,d/2+1)…

struct LayerConfig {
  bool rope = true;            // SmolLM3 leaves rotation out of every fourth layer
  uint32_t window = 0;         // attends to the last `window` positions; 0 = to all
  float rope_base = 10000.0F;  // Gemma 3 has another in its local layers
  float rope_scale = 1.0F;     // positions are divided by it (linear scaling)

  bool operator==(const LayerConfig&) const = default;
};

struct ModelConfig {
  std::string family;                                     // row of the family table
  uint32_t vocab = 0, width = 0, layers = 0, hidden = 0;  // hidden = inner size of the MLP
  uint32_t heads = 0, kv_heads = 0, head_dim = 0;
  uint32_t rotary_dim = 0;  // leading dimensions of a head that rotate (partial rotary)
  uint32_t context = 0;     // trained length
  Norm norm = Norm::rms;
  float norm_epsilon = 1e-5F;
  float norm_weight_offset = 0.0F;  // 1 where files store w−1 (Gemma, LayerNorm1p)
  Activation activation = Activation::silu;
  bool gated = true;  // act(gate)·up, or act(up) alone
  RopePairs rope_pairs = RopePairs::halves;
  std::vector<float> rope_factors;    // (rotary_dim/2) each frequency is divided by; empty = all 1
  float rope_attention_scale = 1.0F;  // multiplies cos and sin (YaRN); 1 elsewhere
  bool qk_norm = false;               // RMS norm of each head of Q and K before rotation
  bool post_norms = false;            // norms after attention and after MLP too (Gemma)
  bool qkv_bias = false, output_bias = false, mlp_bias = false;
  float embedding_scale = 1.0F;                          // Gemma: sqrt(width)
  float attention_scale = 0.0F;                          // 0 = 1/sqrt(head_dim)
  float logit_softcap = 0.0F, attention_softcap = 0.0F;  // 0 = none
  bool tied_embeddings = false;                          // the output head is the embedding matrix
  uint32_t experts = 0, experts_used = 0;                // mixture of experts; 0 = dense
  std::vector<LayerConfig> layer;                        // (layers)

  bool operator==(const ModelConfig&) const = default;
};

}  // namespace mill::llm
