// Gemma 3 (Gemma Team 2025), the text part: norms around both blocks, normed Q and K, embeddings
// scaled by sqrt(width), gated GELU; five local layers with a window and their own rotation base
// to each global one. Stored norm weights are w−1; llama.cpp's converter adds the 1.

#include <cmath>

#include "llm/models/decoder.h"
#include "llm/models/families.h"
#include "llm/models/rope.h"
#include "llm/models/windows.h"

namespace mill::llm {
namespace {

constexpr Range kCap{0, 1e6};

// Layer i is global where (i+1) % pattern = 0, unless the file lists the layers.
Result<std::vector<bool>> read_local_layers(const Hyperparameters& h, uint32_t layers) {
  TRY_ASSIGN(std::vector<bool> local, read_sliding_layers(h, layers));
  const Key key{"attention.sliding_window_pattern", "sliding_window_pattern"};
  const nlohmann::json pattern = h.value(key);
  if (local.empty() && pattern.is_array() && pattern.size() == layers) {
    for (const nlohmann::json& entry : pattern) local.push_back(entry == true || entry == 1);
  }
  if (!local.empty()) return local;
  TRY_ASSIGN(const uint32_t period, h.count(key, {1, 1e9}, 6));
  for (uint32_t i = 0; i < layers; ++i) local.push_back((i + 1) % period != 0);
  return local;
}

// Local layers rotate with their own base and are never stretched.
Result<float> read_local_base(const Hyperparameters& h, const ModelConfig& c) {
  constexpr float kDefault = 10000.0F;
  if (h.gguf()) return h.real({"rope.freq_base_swa", ""}, {2, 1e12}, kDefault);
  TRY_ASSIGN(const RopeSettings local, read_rope(h, c,
                                                 {.base = kDefault,
                                                  .layer_type = "sliding_attention",
                                                  .base_key = "rope_local_base_freq",
                                                  .scaling_key = ""}));
  return local.base;
}

Result<void> read_layers(const Hyperparameters& h, ModelConfig& c) {
  TRY_ASSIGN(const uint32_t window, read_window(h, h.gguf() ? 0 : 4096));
  TRY_ASSIGN(const std::vector<bool> local, read_local_layers(h, c.layers));
  TRY_ASSIGN(const float local_base, read_local_base(h, c));
  for (uint32_t i = 0; i < c.layers; ++i) {
    if (!local[i] || (h.gguf() && window == 0)) continue;
    c.layer[i] = {.rope = true, .window = window, .rope_base = local_base, .rope_scale = 1.0F};
  }
  return {};
}

// 1/sqrt(query_pre_attn_scalar).
Result<float> read_attention_scale(const Hyperparameters& h, const ModelConfig& c) {
  if (h.gguf()) return h.real({"attention.scale", ""}, {1e-6, 1e3}, gemma3_attention_scale(c));
  TRY_ASSIGN(const float scalar, h.real({"", "query_pre_attn_scalar"}, {1e-3, 1e6}, 256.0F));
  return 1.0F / std::sqrt(scalar);
}

}  // namespace

float gemma3_attention_scale(const ModelConfig& c) {
  return 1.0F / std::sqrt(static_cast<float>(c.layers == 62 ? c.width / c.heads : c.head_dim));
}

Result<ModelConfig> read_gemma3(const Hyperparameters& h) {
  DecoderTraits traits{
      .context = 131072, .activation = Activation::gelu_tanh, .rope_base = h.gguf() ? 1e4F : 1e6F};
  if (!h.gguf()) traits.heads = 8, traits.kv_heads = 4, traits.head_dim = 256;
  TRY_ASSIGN(ModelConfig c, read_decoder(h, traits));
  if (c.rope_attention_scale != 1.0F || !c.rope_factors.empty())
    return fail(ErrorKind::unsupported, "rope scaling other than linear in a Gemma 3");
  TRY(read_layers(h, c));
  TRY_ASSIGN(c.attention_scale, read_attention_scale(h, c));
  TRY_ASSIGN(c.logit_softcap,
             h.real({"final_logit_softcapping", "final_logit_softcapping"}, kCap, 0.0F));
  TRY_ASSIGN(c.attention_softcap,
             h.real({"attn_logit_softcapping", "attn_logit_softcapping"}, kCap, 0.0F));
  TRY_ASSIGN(c.tied_embeddings, h.flag({"", "tie_word_embeddings"}, false));
  c.norm_weight_offset = h.gguf() ? 0.0F : 1.0F;
  c.embedding_scale = std::sqrt(static_cast<float>(c.width));
  c.qk_norm = c.post_norms = true;
  return c;
}

}  // namespace mill::llm
