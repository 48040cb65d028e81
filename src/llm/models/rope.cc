#include "llm/models/rope.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <string>

namespace mill::llm {
namespace {

using nlohmann::json;

constexpr Range kBase{2.0, 1e12}, kFactor{1e-3, 1e6}, kLength{1, 1e9};

// YaRN (Peng et al. 2023, section 3.2): dimensions that turn more than beta_fast times within the
// original context are left alone, those under beta_slow turns are slowed by the factor, with a
// linear ramp over the dimensions between.
std::vector<float> yarn_factors(const RopeScaling& s, double base, uint32_t rotary_dim) {
  const auto dimension_turning = [&](double turns) {
    return rotary_dim * std::log(s.original_context / (turns * 2 * std::numbers::pi)) /
           (2 * std::log(base));
  };
  const double low = std::max(std::floor(dimension_turning(s.beta_fast)), 0.0);
  double high = std::min(std::ceil(dimension_turning(s.beta_slow)), rotary_dim - 1.0);
  if (high == low) high += 0.001;
  std::vector<float> factors(rotary_dim / 2);
  for (size_t i = 0; i < factors.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    factors[i] = static_cast<float>(1.0 / (ramp / s.factor + (1.0 - ramp)));
  }
  return factors;
}

Result<RopeSettings> settings(const RopeScaling& s, double base, const ModelConfig& config) {
  RopeSettings rope;
  rope.base = static_cast<float>(base);
  rope.rule = s;
  if (s.type == "default" || s.type == "none") return rope;
  if (s.type == "linear") {
    rope.scale = static_cast<float>(s.factor);
  } else if (s.type == "llama3") {
    rope.factors = llama3_factors(s, base, config.rotary_dim);
  } else if (s.type == "yarn") {
    rope.factors = yarn_factors(s, base, config.rotary_dim);
    rope.attention_scale = static_cast<float>(
        s.attention_scale > 0 ? s.attention_scale : yarn_attention_scale(s.factor));
  } else {
    return fail(ErrorKind::unsupported,
                "rope scaling \"{}\" is not one we run (linear, llama3, yarn)", s.type);
  }
  return rope;
}

// Reads an optional number of config.json's rope dictionary into `target`.
Result<void> read(const json& dictionary, const char* name, Range range, double& target) {
  const auto found = dictionary.find(name);
  if (found == dictionary.end() || found->is_null()) return {};
  TRY_ASSIGN(target, number_in(*found, name, range));
  return {};
}

Result<void> read_yarn_attention(const json& dictionary, RopeScaling& s) {
  double weight = 0, weight_all = 0;
  TRY(read(dictionary, "mscale", {0, 100}, weight));
  TRY(read(dictionary, "mscale_all_dim", {0, 100}, weight_all));
  if (weight > 0 && weight_all > 0)
    s.attention_scale =
        yarn_attention_scale(s.factor, weight) / yarn_attention_scale(s.factor, weight_all);
  return read(dictionary, "attention_factor", {1e-3, 1e3}, s.attention_scale);
}

Result<RopeScaling> scaling_of(const json& dictionary, double context) {
  RopeScaling s;
  for (const char* name : {"type", "rope_type"}) {
    const auto found = dictionary.find(name);
    if (found != dictionary.end() && found->is_string()) s.type = found->get<std::string>();
  }
  if (s.type == "default") return s;
  TRY(read(dictionary, "factor", kFactor, s.factor));
  s.original_context = context;
  TRY(read(dictionary, "original_max_position_embeddings", kLength, s.original_context));
  TRY(read(dictionary, "low_freq_factor", kFactor, s.low_frequency));
  TRY(read(dictionary, "high_freq_factor", kFactor, s.high_frequency));
  TRY(read(dictionary, "beta_fast", kFactor, s.beta_fast));
  TRY(read(dictionary, "beta_slow", kFactor, s.beta_slow));
  if (s.high_frequency <= s.low_frequency)
    return fail(ErrorKind::invalid, "high_freq_factor {} should be above low_freq_factor {}",
                s.high_frequency, s.low_frequency);
  TRY(read_yarn_attention(dictionary, s));
  return s;
}

// Before transformers 5, rope_theta beside rope_scaling; since then, all in rope_parameters, which
// may hold one dictionary for each type of layer.
Result<RopeSettings> read_hugging_face(const Hyperparameters& h, const ModelConfig& config,
                                       const RopeDefaults& defaults) {
  const json parameters = h.value({"", "rope_parameters"});
  json dictionary = parameters.is_object() ? parameters : json::object();
  if (const auto nested = dictionary.find(defaults.layer_type); nested != dictionary.end())
    dictionary = nested->is_object() ? *nested : json::object();
  const json older = h.value({"", defaults.scaling_key});
  if (older.is_object() && !parameters.is_object()) dictionary.update(older);
  json base = dictionary.value("rope_theta", json(nullptr));
  if (base.is_null()) base = h.value({"", defaults.base_key});
  if (base.is_null()) base = defaults.base;
  TRY_ASSIGN(const double theta, number_in(base, "rope_theta", kBase));
  TRY_ASSIGN(const RopeScaling s, scaling_of(dictionary, config.context));
  return settings(s, theta, config);
}

// Llama 3's factors come as a tensor, which the converter computed.
Result<void> read_factor_tensor(const ModelFile& file, uint32_t rotary_dim, RopeSettings& rope) {
  const Tensor* tensor = file.find("rope_freqs.weight");
  if (tensor == nullptr) return {};
  const size_t count = rotary_dim / 2;
  if (tensor->dtype != DType::F32 || tensor->bytes.size() != count * sizeof(float))
    return fail(ErrorKind::invalid, "tensor 'rope_freqs.weight' should hold {} F32 values", count);
  rope.factors.resize(count);
  std::memcpy(rope.factors.data(), tensor->bytes.data(), tensor->bytes.size());
  for (const float factor : rope.factors) {
    if (!(factor >= kFactor.least && factor <= kFactor.most))
      return fail(ErrorKind::invalid, "tensor 'rope_freqs.weight' holds {}, no scaling factor",
                  factor);
  }
  return {};
}

Result<RopeSettings> read_gguf(const Hyperparameters& h, const ModelConfig& config,
                               const RopeDefaults& defaults) {
  TRY_ASSIGN(const float base, h.real({"rope.freq_base", ""}, kBase, defaults.base));
  RopeScaling s;
  TRY_ASSIGN(const float older, h.real({"rope.scale_linear", ""}, {0, 1e6}, 0.0F));
  TRY_ASSIGN(const float factor, h.real({"rope.scaling.factor", ""}, {0, 1e6}, older));
  TRY_ASSIGN(s.type, h.text({"rope.scaling.type", ""}, "linear"));
  if (factor > 0) s.factor = factor;  // 0 is written for "none"
  TRY_ASSIGN(s.original_context, h.real({"rope.scaling.original_context_length", ""}, kLength,
                                        static_cast<float>(config.context)));
  TRY_ASSIGN(s.beta_fast, h.real({"rope.scaling.yarn_beta_fast", ""}, kFactor, 32.0F));
  TRY_ASSIGN(s.beta_slow, h.real({"rope.scaling.yarn_beta_slow", ""}, kFactor, 1.0F));
  TRY_ASSIGN(const float attention, h.real({"rope.scaling.attn_factor", ""}, {1e-3, 1e3}, 1.0F));
  // GGUF's factor comes on top of the paper's; config.json's stands in its place.
  s.attention_scale = attention * yarn_attention_scale(s.factor);
  TRY_ASSIGN(RopeSettings rope, settings(s, base, config));
  TRY(read_factor_tensor(h.file(), config.rotary_dim, rope));
  return rope;
}

}  // namespace

std::vector<float> llama3_factors(const RopeScaling& s, double base, uint32_t rotary_dim) {
  std::vector<float> factors(rotary_dim / 2);
  for (size_t i = 0; i < factors.size(); ++i) {
    const double frequency = std::pow(base, -2.0 * static_cast<double>(i) / rotary_dim);
    const double turns = s.original_context * frequency / (2 * std::numbers::pi);
    const double share = (turns - s.low_frequency) / (s.high_frequency - s.low_frequency);
    const double smooth = std::clamp(share, 0.0, 1.0);
    factors[i] = static_cast<float>(1.0 / ((1.0 - smooth) / s.factor + smooth));
  }
  return factors;
}

double yarn_attention_scale(double factor, double weight) {
  return factor <= 1.0 ? 1.0 : 0.1 * weight * std::log(factor) + 1.0;
}

Result<RopeSettings> read_rope(const Hyperparameters& h, const ModelConfig& config,
                               RopeDefaults defaults) {
  return h.gguf() ? read_gguf(h, config, defaults) : read_hugging_face(h, config, defaults);
}

Result<uint32_t> read_rotary_dim(const Hyperparameters& h, uint32_t head_dim, float default_part) {
  uint32_t rotary_dim = 0;
  if (h.gguf()) {
    const Key key{"rope.dimension_count", ""};
    TRY_ASSIGN(rotary_dim, h.count(key, {2, static_cast<double>(head_dim)}, head_dim));
  } else {
    json part = h.value({"", "partial_rotary_factor"});
    const json parameters = h.value({"", "rope_parameters"});
    if (parameters.is_object() && parameters.contains("partial_rotary_factor"))
      part = parameters["partial_rotary_factor"];
    if (part.is_null()) part = default_part;
    TRY_ASSIGN(const double share, number_in(part, "partial_rotary_factor", {0, 1}));
    rotary_dim = static_cast<uint32_t>(head_dim * share);
  }
  if (rotary_dim < 2 || rotary_dim % 2 != 0)
    return fail(ErrorKind::invalid, "{} rotating dimensions of a head: should be even and over 0",
                rotary_dim);
  return rotary_dim;
}

void apply_rope(const RopeSettings& rope, ModelConfig& config) {
  config.rope_factors = rope.factors;
  config.rope_attention_scale = rope.attention_scale;
  for (LayerConfig& layer : config.layer) {
    layer.rope_base = rope.base;
    layer.rope_scale = rope.scale;
  }
}

}  // namespace mill::llm
