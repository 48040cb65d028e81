#pragma once
// What we teach: decoders like Llama's, as their config.json says it. RMS norms before attention
// and MLP, grouped heads, rotated queries and keys, a gated MLP with SiLU: Llama, Mistral, SmolLM2,
// Qwen2, Qwen3. What we do not compute is refused, never left out.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"

namespace mill::learn {

struct DecoderConfig {
  int64_t vocab = 0, width = 0, layers = 0, hidden = 0;  // hidden = inner size of the MLP
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  int64_t context = 0;  // trained length
  double norm_epsilon = 1e-6;
  std::vector<double> frequencies;  // (head_dim/2): radians a position turns each pair
  bool qk_norm = false;             // RMS norm of each head of Q and K before rotation (Qwen3)
  bool tied_embeddings = false;     // the output head is the embedding matrix
};

Result<DecoderConfig> read_decoder_config(const nlohmann::json& config);

}  // namespace mill::learn
