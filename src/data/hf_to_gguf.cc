#include "data/hf_to_gguf.h"

#include <array>
#include <cmath>
#include <numbers>
#include <optional>

#include "base/printable.h"
#include "data/hf_folder.h"
#include "data/hf_vocabulary.h"

namespace mill {
namespace {

using nlohmann::json;

struct Architecture {
  std::string_view hugging_face, gguf;
  bool interleaved;  // rows of Q and K change places (requantize.h)
};
constexpr std::array kArchitectures = {
    Architecture{"LlamaForCausalLM", "llama", true},
    Architecture{"Qwen2ForCausalLM", "qwen2", false},
    Architecture{"Qwen3ForCausalLM", "qwen3", false},
};

struct Name {
  std::string_view hugging_face, gguf;
};
constexpr std::array kNames = {
    Name{"model.embed_tokens", "token_embd"},
    Name{"model.norm", "output_norm"},
    Name{"lm_head", "output"},
};
constexpr std::array kLayerNames = {
    Name{"input_layernorm", "attn_norm"},    Name{"post_attention_layernorm", "ffn_norm"},
    Name{"self_attn.q_proj", "attn_q"},      Name{"self_attn.k_proj", "attn_k"},
    Name{"self_attn.v_proj", "attn_v"},      Name{"self_attn.o_proj", "attn_output"},
    Name{"self_attn.q_norm", "attn_q_norm"}, Name{"self_attn.k_norm", "attn_k_norm"},
    Name{"mlp.gate_proj", "ffn_gate"},       Name{"mlp.up_proj", "ffn_up"},
    Name{"mlp.down_proj", "ffn_down"},
};

template <size_t kSize>
std::optional<std::string_view> renamed(const std::array<Name, kSize>& names,
                                        std::string_view name) {
  for (const Name& row : names)
    if (row.hugging_face == name) return row.gguf;
  return std::nullopt;
}

// "model.layers.7.mlp.up_proj.weight" -> "blk.7.ffn_up.weight"
std::optional<std::string> gguf_name(std::string_view name) {
  constexpr std::string_view kLayers = "model.layers.";
  const size_t end = name.rfind('.');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view suffix = name.substr(end), stem = name.substr(0, end);
  if (!stem.starts_with(kLayers)) {
    const auto found = renamed(kNames, stem);
    return found ? std::optional(std::string(*found).append(suffix)) : std::nullopt;
  }
  const size_t dot = stem.find('.', kLayers.size());
  if (dot == std::string_view::npos) return std::nullopt;
  const auto found = renamed(kLayerNames, stem.substr(dot + 1));
  if (!found) return std::nullopt;
  return fmt::format("blk.{}.{}{}", stem.substr(kLayers.size(), dot - kLayers.size()), *found,
                     suffix);
}

struct Sizes {
  uint64_t heads = 0, kv_heads = 0, head_dim = 0, vocab = 0, context = 0;
};

Result<uint64_t> whole(const json& config, const char* key, std::optional<uint64_t> fallback = {}) {
  const json value = config.value(key, json());
  if (value.is_null() && fallback) return *fallback;
  if (!value.is_number_unsigned() || value.get<uint64_t>() == 0)
    return fail(ErrorKind::invalid, "config.json: {} should be a whole number above 0", key);
  return value.get<uint64_t>();
}

Result<Sizes> put_sizes(const json& config, const std::string& prefix, GgufWriter& writer) {
  constexpr std::array kKeys = {std::pair{"num_hidden_layers", "block_count"},
                                std::pair{"hidden_size", "embedding_length"},
                                std::pair{"intermediate_size", "feed_forward_length"},
                                std::pair{"max_position_embeddings", "context_length"}};
  for (const auto& [theirs, ours] : kKeys) {
    TRY_ASSIGN(const uint64_t value, whole(config, theirs));
    writer.set(prefix + ours, value);
  }
  Sizes out;
  TRY_ASSIGN(const uint64_t width, whole(config, "hidden_size"));
  TRY_ASSIGN(out.heads, whole(config, "num_attention_heads"));
  TRY_ASSIGN(out.kv_heads, whole(config, "num_key_value_heads", out.heads));
  TRY_ASSIGN(out.head_dim, whole(config, "head_dim", width / out.heads));
  TRY_ASSIGN(out.context, whole(config, "max_position_embeddings"));
  writer.set(prefix + "attention.head_count", out.heads);
  writer.set(prefix + "attention.head_count_kv", out.kv_heads);
  writer.set(prefix + "attention.key_length", out.head_dim);
  writer.set(prefix + "attention.value_length", out.head_dim);
  writer.set(prefix + "rope.dimension_count", out.head_dim);
  return out;
}

// Newer folders keep rope_theta among the rope_parameters.
json rope_of(const json& config) {
  json rope = config.value("rope_parameters", json());
  if (!rope.is_object()) rope = config.value("rope_scaling", json());
  return rope.is_object() ? rope : json::object();
}

float number(const json& object, const char* key, double fallback) {
  const json value = object.value(key, json());
  return static_cast<float>(value.is_number() ? value.get<double>() : fallback);
}

// Llama 3.1's stretching of long waves, as the divisor of each frequency: 1 for waves that fit the
// trained context `low` or more times … `high`, `factor` for those that fit less than `low` times.
std::vector<float> llama3_factors(const json& rope, float base, uint64_t head_dim) {
  const float factor = number(rope, "factor", 8), low = number(rope, "low_freq_factor", 1);
  const float high = number(rope, "high_freq_factor", 4);
  const float trained = number(rope, "original_max_position_embeddings", 8192);
  std::vector<float> out;
  for (uint64_t i = 0; i < head_dim / 2; ++i) {
    const float part = static_cast<float>(2 * i) / static_cast<float>(head_dim);
    const float wave = 2 * std::numbers::pi_v<float> * std::pow(base, part);
    const float fits = trained / wave;
    const float blend = (fits - low) / (high - low);
    out.push_back(fits > high ? 1.0F : fits < low ? factor : 1 / ((1 - blend) / factor + blend));
  }
  return out;
}

Result<std::vector<float>> put_rope(const json& config, const Sizes& sizes,
                                    const std::string& prefix, GgufWriter& writer) {
  const json rope = rope_of(config);
  const float base = number(rope, "rope_theta", number(config, "rope_theta", 10000));
  writer.set(prefix + "rope.freq_base", double{base});
  const std::string type = rope.value("rope_type", rope.value("type", "default"));
  if (type == "default") return std::vector<float>();
  if (type == "llama3") return llama3_factors(rope, base, sizes.head_dim);
  if (type != "linear" && type != "yarn")
    return fail(ErrorKind::unsupported, "config.json: converting rope type \"{}\" is not supported",
                printable(type));
  writer.set(prefix + "rope.scaling.type", std::string_view(type));
  writer.set(prefix + "rope.scaling.factor", double{number(rope, "factor", 1)});
  const json trained = rope.value("original_max_position_embeddings", json());
  if (trained.is_number_unsigned())
    writer.set(prefix + "rope.scaling.original_context_length", trained.get<uint64_t>());
  return std::vector<float>();
}

Result<const Architecture*> architecture_of(const json& config) {
  const json list = config.value("architectures", json::array());
  const std::string name =
      list.is_array() && !list.empty() && list[0].is_string() ? list[0].get<std::string>() : "";
  for (const Architecture& row : kArchitectures)
    if (row.hugging_face == name) return &row;
  return fail(ErrorKind::unsupported,
              "config.json: converting \"{}\" is not supported; LlamaForCausalLM, Qwen2ForCausalLM "
              "and Qwen3ForCausalLM are",
              printable(name));
}

Result<void> add_tensor(const Tensor& tensor, const Architecture& architecture, const Sizes& sizes,
                        DType wanted, ConversionJob& job) {
  const auto name = gguf_name(tensor.name);
  if (!name)
    return fail(ErrorKind::unsupported, "tensor {} has no place in a GGUF of architecture {}",
                printable(tensor.name), architecture.gguf);
  RequantizedTensor plan = plan_tensor(tensor, wanted);
  plan.name = *name;
  if (tensor.shape.size() < 2) plan.to = DType::F32;
  const bool query = name->find(".attn_q.") != std::string::npos;
  const bool key = name->find(".attn_k.") != std::string::npos;
  const uint64_t heads = query ? sizes.heads : sizes.kv_heads;
  const bool moves = architecture.interleaved && (query || key);
  if (moves && static_cast<uint64_t>(tensor.shape.front()) != heads * sizes.head_dim)
    return fail(ErrorKind::invalid, "tensor {}: {} rows for {} heads of {}", printable(tensor.name),
                tensor.shape.front(), heads, sizes.head_dim);
  job.input_bytes += tensor.bytes.size();
  job.sources.push_back(tensor);
  job.plan.push_back(std::move(plan));
  job.interleaved_heads.push_back(moves ? static_cast<uint32_t>(heads) : 0);
  return {};
}

void add_rope_factors(std::span<const float> factors, ConversionJob& job) {
  if (factors.empty()) return;
  const Tensor tensor{.name = "rope_freqs.weight",
                      .dtype = DType::F32,
                      .shape = {static_cast<int64_t>(factors.size())},
                      .bytes = std::as_bytes(factors)};
  job.plan.push_back(plan_tensor(tensor, DType::F32));
  job.sources.push_back(tensor);
  job.interleaved_heads.push_back(0);
}

Result<Requantized> convert_file(const ModelFile& file, const std::filesystem::path& output,
                                 const RequantizeOptions& options) {
  const json& config = file.config;
  TRY_ASSIGN(const Architecture* architecture, architecture_of(config));
  const std::string prefix = std::string(architecture->gguf) + ".";
  ConversionJob job;
  job.writer.set("general.architecture", architecture->gguf);
  set_file_type(options.dtype, job.writer);
  TRY_ASSIGN(const Sizes sizes, put_sizes(config, prefix, job.writer));
  TRY_ASSIGN(const uint64_t vocab, whole(config, "vocab_size"));
  job.writer.set(prefix + "vocab_size", vocab);
  job.writer.set(prefix + "attention.layer_norm_rms_epsilon",
                 double{number(config, "rms_norm_eps", 1e-6)});
  TRY_ASSIGN(const std::vector<float> factors, put_rope(config, sizes, prefix, job.writer));
  TRY(put_vocabulary(file.path, vocab, job.writer));
  const bool tied = config.value("tie_word_embeddings", false);
  for (const Tensor& tensor : file.tensors) {
    const bool copy = tied && tensor.name == "lm_head.weight";
    if (copy || tensor.name.ends_with("rotary_emb.inv_freq")) continue;
    TRY(add_tensor(tensor, *architecture, sizes, options.dtype, job));
  }
  add_rope_factors(factors, job);
  return run_conversion(std::move(job), output, options);
}

}  // namespace

Result<Requantized> convert_hf_folder(const std::filesystem::path& folder,
                                      const std::filesystem::path& output,
                                      const RequantizeOptions& options) {
  TRY_ASSIGN(const ModelFile file, open_hf_folder(folder));
  try {
    auto result = convert_file(file, output, options);
    if (!result) return within(folder.string(), std::move(result).error());
    return result;
  } catch (const json::exception& error) {  // a key of another type than anybody writes
    return fail(ErrorKind::invalid, "{}: config.json is not as expected: {}", folder.string(),
                error.what());
  }
}

}  // namespace mill
