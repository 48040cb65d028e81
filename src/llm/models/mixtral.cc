// Mixtral (Jiang et al. 2024): a Mistral whose MLP is a mixture of experts. A router scores all of
// them; the best few are weighted by the softmax of their scores among themselves.

#include "llm/models/decoder.h"
#include "llm/models/families.h"
#include "llm/models/windows.h"

namespace mill::llm {

bool claims_mixtral(const Hyperparameters& h) {
  const nlohmann::json experts = h.value({"expert_count", ""});
  return !h.gguf() || (!experts.is_null() && experts != 0);
}

Result<ModelConfig> read_mixtral(const Hyperparameters& h) {
  TRY_ASSIGN(ModelConfig c, read_decoder(h, {.kv_heads = h.gguf() ? 0U : 8U,
                                             .context = 131072,
                                             .norm_epsilon = 1e-5F,
                                             .gguf_pairs = RopePairs::adjacent,
                                             .rope_base = h.gguf() ? 1e4F : 1e6F}));
  TRY_ASSIGN(c.tied_embeddings, h.flag({"", "tie_word_embeddings"}, false));
  TRY_ASSIGN(const uint32_t window, read_window(h, 0));
  for (LayerConfig& layer : c.layer) layer.window = window;
  TRY_ASSIGN(c.experts, h.count({"expert_count", "num_local_experts"}, {1, 1024}, 8));
  TRY_ASSIGN(c.experts_used,
             h.count({"expert_used_count", "num_experts_per_tok"}, {1, 1.0 * c.experts}, 2));
  return c;
}

}  // namespace mill::llm
