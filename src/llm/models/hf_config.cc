#include "llm/models/hf_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "llm/models/decoder.h"
#include "llm/models/families.h"
#include "llm/models/gguf_metadata.h"
#include "llm/models/rope.h"

namespace mill::llm {
namespace {

using nlohmann::json;

// What the config.json of a family can say beyond the sizes.
struct Words {
  std::string_view family, model_type;
  bool attention_bias = false, mlp_bias = false;
  bool listed_windows = false;  // layer_types and use_sliding_window
  float norm_offset = 0.0F;
};
constexpr std::array kWords = {
    Words{.family = "llama", .model_type = "llama", .attention_bias = true, .mlp_bias = true},
    Words{.family = "mistral", .model_type = "mistral"},
    Words{.family = "mixtral", .model_type = "mixtral"},
    Words{.family = "qwen2", .model_type = "qwen2", .listed_windows = true},
    Words{.family = "qwen3", .model_type = "qwen3", .attention_bias = true, .listed_windows = true},
    Words{.family = "nemotron",
          .model_type = "nemotron",
          .attention_bias = true,
          .mlp_bias = true,
          .norm_offset = 1.0F},
    Words{.family = "smollm3",
          .model_type = "smollm3",
          .attention_bias = true,
          .mlp_bias = true,
          .listed_windows = true},
    Words{.family = "gemma3",
          .model_type = "gemma3_text",
          .attention_bias = true,
          .norm_offset = 1.0F},
};

const Words& words_of(const ModelConfig& c) {
  const auto row = std::ranges::find(kWords, c.family, &Words::family);
  ASSERT(row != kWords.end(), c.family);
  return *row;
}

const Family& family_row(const ModelConfig& c) {
  const auto row = std::ranges::find(family_table(), c.family, &Family::name);
  ASSERT(row != family_table().end(), c.family);
  return *row;
}

// 1e-06, not 9.99999997e-07: the shortest number that is this float.
json shortest(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

json sizes(const ModelConfig& c) {
  json out = {{"architectures", json::array({family_row(c).hugging_face.front()})},
              {"model_type", words_of(c).model_type},
              {"vocab_size", c.vocab},
              {"hidden_size", c.width},
              {"intermediate_size", c.hidden},
              {"num_hidden_layers", c.layers},
              {"num_attention_heads", c.heads},
              {"num_key_value_heads", c.kv_heads},
              {"head_dim", c.head_dim},
              {"max_position_embeddings", c.context},
              {"tie_word_embeddings", c.tied_embeddings}};
  out[c.norm == Norm::rms ? "rms_norm_eps" : "norm_eps"] = shortest(c.norm_epsilon);
  out[c.family == "gemma3" ? "hidden_activation" : "hidden_act"] = name_of(c.activation);
  if (words_of(c).attention_bias) out["attention_bias"] = c.qkv_bias;
  if (words_of(c).mlp_bias) out["mlp_bias"] = c.mlp_bias;
  if (c.experts == 0) return out;
  out["num_local_experts"] = c.experts;
  out["num_experts_per_tok"] = c.experts_used;
  return out;
}

const LayerConfig* first_layer(const ModelConfig& c, bool windowed) {
  const auto fits = [=](const LayerConfig& layer) { return (layer.window != 0) == windowed; };
  const auto found = std::ranges::find_if(c.layer, fits);
  return found == c.layer.end() ? nullptr : &*found;
}

json layer_types(const ModelConfig& c) {
  json out = json::array();
  for (const LayerConfig& layer : c.layer)
    out.push_back(layer.window != 0 ? "sliding_attention" : "full_attention");
  return out;
}

// Windows have one length in all layers that have one.
void put_windows(const ModelConfig& c, json& out) {
  const LayerConfig* local = first_layer(c, true);
  const bool gemma3 = c.family == "gemma3", listed = words_of(c).listed_windows;
  if (local != nullptr) out["sliding_window"] = local->window;
  if (gemma3 || (listed && local != nullptr)) out["layer_types"] = layer_types(c);
  if (listed) out["use_sliding_window"] = local != nullptr;
  if (listed && local != nullptr) out["max_window_layers"] = local - c.layer.data();
  if ((c.family == "mistral" || c.family == "mixtral") && local == nullptr)
    out["sliding_window"] = nullptr;  // absent, it would be transformers' default
}

// Llama 3's factors come without the rule that they follow. All published models have a low
// frequency factor of 1 and a high one of 4, and were stretched from a power of two; the factor is
// that of the slowest wave.
std::optional<json> llama3_rule(const ModelConfig& c) {
  RopeScaling rule{.type = "llama3"};
  rule.factor = double{*std::ranges::max_element(c.rope_factors)};
  const auto same = [](float a, float b) { return std::abs(a - b) <= 1e-5F * std::abs(b); };
  for (uint64_t original = 16; original <= (1 << 24); original *= 2) {
    rule.original_context = static_cast<double>(original);
    const auto factors = llama3_factors(rule, double{c.layer.front().rope_base}, c.rotary_dim);
    if (std::ranges::equal(factors, c.rope_factors, same))
      return json{{"rope_type", "llama3"},
                  {"factor", rule.factor},
                  {"low_freq_factor", rule.low_frequency},
                  {"high_freq_factor", rule.high_frequency},
                  {"original_max_position_embeddings", original}};
  }
  return std::nullopt;
}

json yarn_rule(const RopeScaling& rule) {
  json out = {{"rope_type", "yarn"},
              {"factor", rule.factor},
              {"original_max_position_embeddings", static_cast<uint64_t>(rule.original_context)},
              {"beta_fast", rule.beta_fast},
              {"beta_slow", rule.beta_slow}};
  if (rule.attention_scale != yarn_attention_scale(rule.factor))
    out["attention_factor"] = rule.attention_scale;
  return out;
}

Result<void> put_scaling(const ModelDescription& model, json& out) {
  TRY_ASSIGN(const RopeScaling rule, scaling_rule(model));
  if (model.file->find("rope_freqs.weight") != nullptr) {
    const std::optional<json> llama3 = llama3_rule(model.config);
    if (!llama3)
      return fail(ErrorKind::unsupported,
                  "tensor rope_freqs.weight: its factors do not follow Llama 3's rule as published "
                  "models have it, and config.json has rules only");
    out["rope_scaling"] = *llama3;
  } else if (rule.type == "yarn") {
    out["rope_scaling"] = yarn_rule(rule);
  } else if (rule.type == "linear" && rule.factor != 1) {
    out["rope_scaling"] = {{"rope_type", "linear"}, {"factor", rule.factor}};
  }
  return {};
}

// Of Gemma 3's layers the global ones have the file's base, the local ones one of their own.
Result<void> put_rope(const ModelDescription& model, json& out) {
  const ModelConfig& c = model.config;
  const bool gemma3 = c.family == "gemma3";
  const LayerConfig *global = first_layer(c, false), *local = first_layer(c, true);
  const LayerConfig& layer = gemma3 && global != nullptr ? *global : c.layer.front();
  out["rope_theta"] = shortest(layer.rope_base);
  if (gemma3 && local != nullptr) out["rope_local_base_freq"] = shortest(local->rope_base);
  if (c.family == "nemotron")
    out["partial_rotary_factor"] = double{1.0} * c.rotary_dim / c.head_dim;
  if (c.family == "smollm3") {
    for (const LayerConfig& each : c.layer) out["no_rope_layers"].push_back(each.rope ? 1 : 0);
  }
  return put_scaling(model, out);
}

// query_pre_attn_scalar is a whole number in every model; the scale is rounded, 1 over its root.
void put_gemma3(const ModelConfig& c, json& out) {
  const float scalar = 1.0F / (c.attention_scale * c.attention_scale), whole = std::round(scalar);
  const bool is_whole = 1.0F / std::sqrt(whole) == c.attention_scale;
  out["query_pre_attn_scalar"] =
      is_whole ? json(static_cast<uint64_t>(whole)) : json(double{scalar});
  const auto cap = [](float value) { return value == 0 ? json() : shortest(value); };
  out["final_logit_softcapping"] = cap(c.logit_softcap);
  out["attn_logit_softcapping"] = cap(c.attention_softcap);
}

bool near(float a, float b) { return std::abs(a - b) <= 1e-5F * std::abs(b); }

// Numbers that were computed from rounded ones count as the same where they are nearly so.
void round_away(const ModelConfig& wanted, ModelConfig& read) {
  if (near(read.attention_scale, wanted.attention_scale))
    read.attention_scale = wanted.attention_scale;
  if (near(read.rope_attention_scale, wanted.rope_attention_scale))
    read.rope_attention_scale = wanted.rope_attention_scale;
  if (std::ranges::equal(read.rope_factors, wanted.rope_factors, near))
    read.rope_factors = wanted.rope_factors;
}

std::string_view difference(const ModelConfig& wanted, const ModelConfig& read) {
  if (wanted.qkv_bias != read.qkv_bias || wanted.output_bias != read.output_bias ||
      wanted.mlp_bias != read.mlp_bias)
    return "some of the biases";
  if (wanted.layer != read.layer) return "the windows or the rotation of its layers";
  if (wanted.rotary_dim != read.rotary_dim) return "the part of each head that rotates";
  return wanted == read ? "" : "its hyperparameters";
}

// Reads it again: the one judge of whether config.json can say what this model is.
Result<void> check(const ModelDescription& model, const json& config) {
  ModelFile file;
  file.format = ModelFormat::hugging_face;
  file.config = config;
  file.tensors.push_back(*model.weights.embedding);
  file.tensors.back().name = "model.embed_tokens.weight";
  ModelConfig wanted = model.config;
  wanted.rope_pairs = RopePairs::halves;
  wanted.norm_weight_offset = hf_norm_offset(wanted);
  TRY_ASSIGN(const Hyperparameters h, Hyperparameters::of(file));
  TRY_ASSIGN(ModelConfig read, family_row(wanted).read(h));
  read.family = wanted.family;
  round_away(wanted, read);
  const std::string_view lost = difference(wanted, read);
  if (lost.empty()) return {};
  return fail(ErrorKind::unsupported,
              "{} cannot be said in the config.json of a {}; keep the GGUF, which tokenmill runs "
              "as it is",
              lost, words_of(wanted).model_type);
}

}  // namespace

float hf_norm_offset(const ModelConfig& c) { return words_of(c).norm_offset; }

Result<json> hf_config(const ModelDescription& model) {
  const ModelConfig& c = model.config;
  json out = sizes(c);
  put_windows(c, out);
  TRY(put_rope(model, out));
  if (c.family == "gemma3") put_gemma3(c, out);
  TRY(check(model, out));
  return out;
}

}  // namespace mill::llm
