// Qwen2 and Qwen2.5 (Yang et al. 2024): a Llama with biases on Q, K and V.

#include "llm/models/decoder.h"
#include "llm/models/families.h"
#include "llm/models/windows.h"

namespace mill::llm {
Result<ModelConfig> read_qwen2(const Hyperparameters& h) {
  TRY_ASSIGN(ModelConfig c, read_decoder(h, {.context = 32768}));
  TRY_ASSIGN(c.tied_embeddings, h.flag({"", "tie_word_embeddings"}, false));
  if (!h.gguf()) {
    c.qkv_bias = true;
    c.output_bias = c.mlp_bias = false;
  }
  TRY(read_upper_windows(h, c));
  return c;
}

}  // namespace mill::llm
