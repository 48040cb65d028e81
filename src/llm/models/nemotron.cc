// Nemotron-4 and Minitron (Parmar et al. 2024): LayerNorm whose stored weight is w−1
// ("LayerNorm1p"; llama.cpp's converter adds the 1), squared ReLU without a gate, rotation of half
// of each head.

#include "llm/models/decoder.h"
#include "llm/models/families.h"

namespace mill::llm {

Result<ModelConfig> read_nemotron(const Hyperparameters& h) {
  TRY_ASSIGN(ModelConfig c, read_decoder(h, {.context = 4096,
                                             .norm_epsilon = 1e-5F,
                                             .norm = Norm::layer,
                                             .activation = Activation::relu_squared,
                                             .gated = false,
                                             .rotary_part = 0.5F}));
  TRY_ASSIGN(c.tied_embeddings, h.flag({"", "tie_word_embeddings"}, false));
  c.norm_weight_offset = h.gguf() ? 0.0F : 1.0F;
  return c;
}

}  // namespace mill::llm
