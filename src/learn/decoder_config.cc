#include "learn/decoder_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>

namespace mill::learn {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> kModelTypes = {"llama", "mistral", "qwen2", "qwen3"};

std::string text_of(const json& config, const char* key) {
  const auto it = config.find(key);
  return it != config.end() && it->is_string() ? it->get<std::string>() : std::string();
}

bool flag_of(const json& config, const char* key) {
  const auto it = config.find(key);
  return it != config.end() && it->is_boolean() && it->get<bool>();
}

double number_of(const json& config, const char* key, double otherwise) {
  const auto it = config.find(key);
  return it != config.end() && it->is_number() ? it->get<double>() : otherwise;
}

Result<int64_t> size_of(const json& config, const char* key, int64_t otherwise = 0) {
  constexpr double kMost = 1 << 24;
  const double value = number_of(config, key, static_cast<double>(otherwise));
  if (value < 1 || value > kMost || value != std::floor(value))
    return fail(ErrorKind::invalid, "config.json: {} is {}; a whole number from 1 to {} is needed",
                key, value, kMost);
  return static_cast<int64_t>(value);
}

// Llama 3.1's: wavelengths beyond the first training's context are divided by `factor`, short ones
// stay, those between are blended (Hugging Face's `rope_type: llama3`, and Meta's llama-models).
double llama3_frequency(double frequency, const json& scaling) {
  const double factor = number_of(scaling, "factor", 8);
  const double low = number_of(scaling, "low_freq_factor", 1);
  const double high = number_of(scaling, "high_freq_factor", 4);
  const double context = number_of(scaling, "original_max_position_embeddings", 8192);
  const double turns = context * frequency / (2 * std::numbers::pi);
  const double blend = std::clamp((turns - low) / (high - low), 0.0, 1.0);
  return frequency * (blend + (1 - blend) / factor);
}

Result<std::vector<double>> frequencies_of(const json& config, int64_t head_dim) {
  // Newer files hold all that rotation needs in one object.
  const json parameters = config.value("rope_parameters", json::object());
  json scaling = config.value("rope_scaling", json());
  if (!scaling.is_object()) scaling = parameters;
  std::string type = text_of(scaling, "rope_type");
  if (type.empty()) type = text_of(scaling, "type");
  const bool plain = type.empty() || type == "default";
  if (!plain && type != "llama3" && type != "linear")
    return fail(ErrorKind::unsupported,
                "config.json: rope_type {:?} is not taught yet; default, linear and llama3 are",
                type);
  const double base = number_of(config, "rope_theta", number_of(parameters, "rope_theta", 10000.0));
  std::vector<double> out;
  for (int64_t i = 0; i < head_dim / 2; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(head_dim);
    double frequency = std::pow(base, exponent);
    if (type == "linear") frequency /= number_of(scaling, "factor", 1);
    if (type == "llama3") frequency = llama3_frequency(frequency, scaling);
    out.push_back(frequency);
  }
  return out;
}

// Everything that would change what the model computes, and that we do not do.
Result<void> check_supported(const json& config) {
  const std::string type = text_of(config, "model_type");
  if (std::ranges::find(kModelTypes, type) == kModelTypes.end())
    return fail(ErrorKind::unsupported,
                "models of type {:?} cannot be taught yet; these can: llama, mistral, qwen2, qwen3",
                type);
  const std::string activation = text_of(config, "hidden_act");
  if (!activation.empty() && activation != "silu")
    return fail(ErrorKind::unsupported, "config.json: hidden_act {:?}; only silu is taught yet",
                activation);
  if (flag_of(config, "mlp_bias"))
    return fail(ErrorKind::unsupported, "config.json: mlp_bias is not taught yet");
  const bool windowed = type == "mistral" || flag_of(config, "use_sliding_window");
  if (windowed && number_of(config, "sliding_window", 0) > 0)
    return fail(ErrorKind::unsupported, "config.json: sliding windows are not taught yet");
  return {};
}

}  // namespace

Result<DecoderConfig> read_decoder_config(const json& config) {
  if (!config.is_object())
    return fail(ErrorKind::invalid, "no config.json: a Hugging Face folder is needed");
  TRY(check_supported(config));
  DecoderConfig out;
  TRY_ASSIGN(out.vocab, size_of(config, "vocab_size"));
  TRY_ASSIGN(out.width, size_of(config, "hidden_size"));
  TRY_ASSIGN(out.layers, size_of(config, "num_hidden_layers"));
  TRY_ASSIGN(out.hidden, size_of(config, "intermediate_size"));
  TRY_ASSIGN(out.heads, size_of(config, "num_attention_heads"));
  TRY_ASSIGN(out.kv_heads, size_of(config, "num_key_value_heads", out.heads));
  TRY_ASSIGN(out.head_dim, size_of(config, "head_dim", out.width / out.heads));
  TRY_ASSIGN(out.context, size_of(config, "max_position_embeddings", 2048));
  if (out.heads % out.kv_heads != 0 || out.head_dim % 2 != 0)
    return fail(ErrorKind::invalid, "config.json: {} heads of {} over {} heads of keys do not fit",
                out.heads, out.head_dim, out.kv_heads);
  out.norm_epsilon = number_of(config, "rms_norm_eps", 1e-6);
  out.qk_norm = text_of(config, "model_type") == "qwen3";
  out.tied_embeddings = flag_of(config, "tie_word_embeddings");
  TRY_ASSIGN(out.frequencies, frequencies_of(config, out.head_dim));
  return out;
}

}  // namespace mill::learn
