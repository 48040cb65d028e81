// Qwen3 (Yang et al. 2025), dense: a Qwen2 without the biases that norms each head of Q and K
// before rotation.

#include "llm/models/decoder.h"
#include "llm/models/families.h"
#include "llm/models/windows.h"

namespace mill::llm {

Result<ModelConfig> read_qwen3(const Hyperparameters& h) {
  TRY_ASSIGN(ModelConfig c, read_decoder(h, {.head_dim = 128, .context = 32768}));
  TRY_ASSIGN(c.tied_embeddings, h.flag({"", "tie_word_embeddings"}, false));
  c.qk_norm = true;
  TRY(read_upper_windows(h, c));
  return c;
}

}  // namespace mill::llm
