#pragma once
// What the families share: a decoder-only transformer's sizes, norms, activation and rotation. A
// family's file calls read_decoder and then says how it differs.

#include <string_view>

#include "base/error.h"
#include "llm/models/config.h"
#include "llm/models/hyperparameters.h"

namespace mill::llm {

// What holds where the file is silent, and what the family fixes.
struct DecoderTraits {
  // Sizes that published config.json files leave out, 0 where the file must say them.
  uint32_t heads = 0, kv_heads = 0, head_dim = 0, context = 0;
  float norm_epsilon = 1e-6F;
  Norm norm = Norm::rms;
  Activation activation = Activation::silu;
  bool gated = true;
  RopePairs gguf_pairs = RopePairs::halves;  // config.json's models all rotate halves
  float rope_base = 10000.0F;
  float rotary_part = 1.0F;
};

// As config.json spells it.
std::string_view name_of(Activation);

Result<ModelConfig> read_decoder(const Hyperparameters&, const DecoderTraits&);

// attention_bias and mlp_bias of config.json; in a GGUF, the tensors' presence.
Result<void> read_biases(const Hyperparameters&, ModelConfig&);

}  // namespace mill::llm
