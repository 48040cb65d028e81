#include "llm/models/gguf_metadata.h"

#include <algorithm>
#include <string>

#include "base/assert.h"
#include "llm/models/families.h"

namespace mill::llm {
namespace {

constexpr uint32_t kGemma3Period = 6;     // gemma3.cc: every 6th layer is global
constexpr float kGemma3LocalBase = 1e4F;  // and the others rotate with this base
constexpr uint32_t kSmolLm3Interval = 4;  // smollm3.cc: every 4th layer does not rotate
constexpr double kYarnFast = 32, kYarnSlow = 1;

// Sets "ARCHITECTURE.name".
class Keys {
 public:
  Keys(std::string_view architecture, GgufWriter& writer)
      : prefix_(std::string(architecture) + "."), writer_(writer) {}

  void count(std::string_view name, uint32_t value) { set(name, uint64_t{value}); }
  void real(std::string_view name, double value) { set(name, value); }
  void set(std::string_view name, const MetaValue& value) {
    writer_.set(prefix_ + std::string(name), value);
  }

 private:
  std::string prefix_;
  GgufWriter& writer_;
};

void put_sizes(const ModelConfig& c, Keys& keys) {
  keys.count("vocab_size", c.vocab);
  keys.count("block_count", c.layers);
  keys.count("context_length", c.context);
  keys.count("embedding_length", c.width);
  keys.count("feed_forward_length", c.hidden);
  keys.count("attention.head_count", c.heads);
  keys.count("attention.head_count_kv", c.kv_heads);
  keys.count("attention.key_length", c.head_dim);
  keys.count("attention.value_length", c.head_dim);
  keys.real(
      c.norm == Norm::rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon",
      double{c.norm_epsilon});
  if (c.experts == 0) return;
  keys.count("expert_count", c.experts);
  keys.count("expert_used_count", c.experts_used);
}

// Llama 3's rule has no keys; its factors are a tensor.
void put_scaling(const RopeScaling& rule, Keys& keys) {
  if (rule.type != "linear" && rule.type != "yarn") return;
  keys.set("rope.scaling.type", std::string_view(rule.type));
  keys.real("rope.scaling.factor", rule.factor);
  if (rule.type == "linear") return;
  keys.count("rope.scaling.original_context_length", static_cast<uint32_t>(rule.original_context));
  if (rule.beta_fast != kYarnFast) keys.real("rope.scaling.yarn_beta_fast", rule.beta_fast);
  if (rule.beta_slow != kYarnSlow) keys.real("rope.scaling.yarn_beta_slow", rule.beta_slow);
  if (rule.attention_scale > 0)  // a GGUF's comes on top of the paper's
    keys.real("rope.scaling.attn_factor", rule.attention_scale / yarn_attention_scale(rule.factor));
}

// Where windows are local layers' (Gemma 3), the global ones have the file's base and scaling.
Result<void> put_rope(const ModelDescription& model, bool gemma3, Keys& keys) {
  const ModelConfig& c = model.config;
  const auto global = std::ranges::find(c.layer, 0U, &LayerConfig::window);
  const LayerConfig& layer = gemma3 && global != c.layer.end() ? *global : c.layer.front();
  if (!gemma3 || c.rotary_dim != c.head_dim) keys.count("rope.dimension_count", c.rotary_dim);
  keys.real("rope.freq_base", double{layer.rope_base});
  TRY_ASSIGN(const RopeScaling rule, scaling_rule(model));
  put_scaling(rule, keys);
  return {};
}

bool every_nth_has_none(const ModelConfig& c, uint32_t period) {
  for (uint32_t i = 0; i < c.layers; ++i)
    if ((c.layer[i].window == 0) != ((i + 1) % period == 0)) return false;
  return true;
}

std::vector<bool> layers_with_window(const ModelConfig& c) {
  std::vector<bool> list;
  for (const LayerConfig& layer : c.layer) list.push_back(layer.window != 0);
  return list;
}

// Windows have one length in all layers that have one. Llama's are in all layers or none; others
// list the layers, and Gemma 3 says how many come to each global one.
void put_windows(const ModelConfig& c, std::string_view architecture, Keys& keys) {
  const auto local = std::ranges::find_if(c.layer, [](const LayerConfig& l) { return l.window; });
  if (local == c.layer.end()) return;
  keys.count("attention.sliding_window", local->window);
  if (architecture == "llama") return;
  constexpr const char* kPattern = "attention.sliding_window_pattern";
  if (architecture != "gemma3") return keys.set(kPattern, layers_with_window(c));
  if (local->rope_base != kGemma3LocalBase)
    keys.real("rope.freq_base_swa", double{local->rope_base});
  if (every_nth_has_none(c, kGemma3Period)) return;
  const auto global = std::ranges::find(c.layer, 0U, &LayerConfig::window);
  const auto period = static_cast<uint32_t>(global - c.layer.begin()) + 1;
  if (every_nth_has_none(c, period)) return keys.count(kPattern, period);
  keys.set(kPattern, layers_with_window(c));
}

void put_gemma3(const ModelConfig& c, Keys& keys) {
  if (c.attention_scale != gemma3_attention_scale(c))
    keys.real("attention.scale", double{c.attention_scale});
  if (c.logit_softcap != 0) keys.real("final_logit_softcapping", double{c.logit_softcap});
  if (c.attention_softcap != 0) keys.real("attn_logit_softcapping", double{c.attention_softcap});
}

Result<void> check_rotation(const ModelConfig& c, std::string_view architecture) {
  for (uint32_t i = 0; i < c.layers; ++i) {
    const bool implied = architecture != "smollm3" || (i + 1) % kSmolLm3Interval != 0;
    if (c.layer[i].rope != implied)
      return fail(ErrorKind::unsupported,
                  "config.json: no_rope_layers: layer {} is not as every GGUF of architecture {} "
                  "has it, and there is no key to say so; open the folder as it is",
                  i, architecture);
  }
  return {};
}

}  // namespace

std::string_view gguf_architecture(const ModelConfig& c) {
  const auto row = std::ranges::find(family_table(), c.family, &Family::name);
  ASSERT(row != family_table().end());
  return row->gguf.front();
}

Result<RopeScaling> scaling_rule(const ModelDescription& model) {
  TRY_ASSIGN(const Hyperparameters h, Hyperparameters::of(*model.file));
  TRY_ASSIGN(RopeSettings rope, read_rope(h, model.config));
  return std::move(rope.rule);
}

Result<void> put_metadata(const ModelDescription& model, GgufWriter& writer) {
  const ModelConfig& c = model.config;
  const std::string_view architecture = gguf_architecture(c);
  TRY(check_rotation(c, architecture));
  writer.set("general.architecture", architecture);
  Keys keys(architecture, writer);
  put_sizes(c, keys);
  TRY(put_rope(model, architecture == "gemma3", keys));
  put_windows(c, architecture, keys);
  if (architecture == "gemma3") put_gemma3(c, keys);
  return {};
}

}  // namespace mill::llm
