// Mistral (Jiang et al. 2023): a Llama whose layers look back a fixed window only. GGUF files say
// "llama", and mostly leave the window out; those are read as llamas.

#include "llm/models/decoder.h"
#include "llm/models/families.h"
#include "llm/models/windows.h"

namespace mill::llm {

bool claims_mistral(const Hyperparameters& h) {
  return !h.gguf() || !h.value({"attention.sliding_window", ""}).is_null();
}

Result<ModelConfig> read_mistral(const Hyperparameters& h) {
  TRY_ASSIGN(ModelConfig c, read_decoder(h, {.kv_heads = h.gguf() ? 0U : 8U,
                                             .context = 131072,
                                             .gguf_pairs = RopePairs::adjacent}));
  TRY_ASSIGN(c.tied_embeddings, h.flag({"", "tie_word_embeddings"}, false));
  // v0.1's config.json says 4096; later ones say null, which means no window.
  TRY_ASSIGN(const uint32_t window, read_window(h, 0));
  for (LayerConfig& layer : c.layer) layer.window = window;
  return c;
}

}  // namespace mill::llm
