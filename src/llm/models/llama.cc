// Llama 2, 3, 3.x (Touvron et al. 2023; Grattafiori et al. 2024), and everything built to its plan:
// SmolLM2, TinyLlama, … RMS norm, rotary positions, grouped queries, SwiGLU.
//
// llama.cpp's converter reorders the rows of Q and K so that rotation pairs neighbours, as Meta's
// own files have it; Hugging Face's pair the halves of a head.

#include "llm/models/decoder.h"
#include "llm/models/families.h"

namespace mill::llm {

Result<ModelConfig> read_llama(const Hyperparameters& h) {
  TRY_ASSIGN(ModelConfig c, read_decoder(h, {.context = 2048, .gguf_pairs = RopePairs::adjacent}));
  TRY_ASSIGN(c.tied_embeddings, h.flag({"", "tie_word_embeddings"}, false));
  return c;
}

}  // namespace mill::llm
