// SmolLM3 (Hugging Face 2025): a Llama in which every fourth layer has no rotation ("NoPE", Yang et
// al. 2025, Rope to Nope). A GGUF implies the four; config.json lists the layers, 1 = with
// rotation.

#include "llm/models/decoder.h"
#include "llm/models/families.h"
#include "llm/models/windows.h"

namespace mill::llm {
namespace {

Result<void> read_rotation(const Hyperparameters& h, ModelConfig& c) {
  TRY_ASSIGN(const uint32_t interval, h.count({"", "no_rope_layer_interval"}, {1, 1e9}, 4));
  const nlohmann::json list = h.value({"", "no_rope_layers"});
  const bool listed = !list.is_null();
  if (listed && (!list.is_array() || list.size() < c.layers))
    return fail(ErrorKind::invalid, "no_rope_layers should list {} layers", c.layers);
  for (uint32_t i = 0; i < c.layers; ++i) {
    c.layer[i].rope = listed ? list[i] != 0 && list[i] != false : (i + 1) % interval != 0;
  }
  return {};
}

Result<void> read_windows(const Hyperparameters& h, ModelConfig& c) {
  if (h.gguf()) return read_listed_windows(h, c);
  TRY_ASSIGN(const bool windows, h.flag({"", "use_sliding_window"}, false));
  if (!windows) return {};
  TRY_ASSIGN(const uint32_t window, read_window(h, 0));
  TRY_ASSIGN(const std::vector<bool> sliding, read_sliding_layers(h, c.layers));
  for (uint32_t i = 0; i < c.layers; ++i) {
    if (sliding.empty() ? !c.layer[i].rope : sliding[i]) c.layer[i].window = window;
  }
  return {};
}

}  // namespace

Result<ModelConfig> read_smollm3(const Hyperparameters& h) {
  TRY_ASSIGN(ModelConfig c, read_decoder(h, {.context = 32768,
                                             .gguf_pairs = RopePairs::adjacent,
                                             .rope_base = h.gguf() ? 1e4F : 2e6F}));
  TRY_ASSIGN(c.tied_embeddings, h.flag({"", "tie_word_embeddings"}, false));
  TRY(read_rotation(h, c));
  TRY(read_windows(h, c));
  return c;
}

}  // namespace mill::llm
