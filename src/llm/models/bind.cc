#include "llm/models/bind.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

namespace mill::llm {
namespace {

// The sizes that weights have, in the words of the config.
enum class Extent : uint8_t { none, width, hidden, vocab, queries, keys, head_dim, experts };
using enum Extent;

int64_t size_of(Extent extent, const ModelConfig& c) {
  switch (extent) {
    case none:
      return 0;
    case width:
      return c.width;
    case hidden:
      return c.hidden;
    case vocab:
      return c.vocab;
    case queries:
      return int64_t{c.heads} * c.head_dim;
    case keys:
      return int64_t{c.kv_heads} * c.head_dim;
    case head_dim:
      return c.head_dim;
    case experts:
      return c.experts;
  }
  return 0;
}

// Which transformers have the role.
using Has = bool (*)(const ModelConfig&);
bool always(const ModelConfig&) { return true; }
bool layer_norm(const ModelConfig& c) { return c.norm == Norm::layer; }
bool qk_norm(const ModelConfig& c) { return c.qk_norm; }
bool qkv_bias(const ModelConfig& c) { return c.qkv_bias; }
bool output_bias(const ModelConfig& c) { return c.output_bias; }
bool post_norms(const ModelConfig& c) { return c.post_norms; }
bool no_post_norms(const ModelConfig& c) { return !c.post_norms; }
bool moe(const ModelConfig& c) { return c.experts > 0; }
bool dense(const ModelConfig& c) { return c.experts == 0; }
bool dense_gated(const ModelConfig& c) { return c.experts == 0 && c.gated; }
bool mlp_bias(const ModelConfig& c) { return c.experts == 0 && c.mlp_bias; }
bool gate_bias(const ModelConfig& c) { return mlp_bias(c) && c.gated; }

// A weight of a layer: its names behind "blk.N." and "model.layers.N.", and its shape (rows = none
// for a vector). Hugging Face's post_attention_layernorm is the norm before the MLP, except in
// Gemma, where it is what it says.
struct Role {
  const Tensor* LayerWeights::* weight;
  std::string_view gguf, hugging_face;
  Extent rows, columns;
  Has has;
};

using L = LayerWeights;
constexpr std::array kRoles = {
    Role{&L::attention_norm, "attn_norm.weight", "input_layernorm.weight", none, width, always},
    Role{&L::attention_norm_bias, "attn_norm.bias", "input_layernorm.bias", none, width,
         layer_norm},
    Role{&L::query, "attn_q.weight", "self_attn.q_proj.weight", queries, width, always},
    Role{&L::key, "attn_k.weight", "self_attn.k_proj.weight", keys, width, always},
    Role{&L::value, "attn_v.weight", "self_attn.v_proj.weight", keys, width, always},
    Role{&L::query_bias, "attn_q.bias", "self_attn.q_proj.bias", none, queries, qkv_bias},
    Role{&L::key_bias, "attn_k.bias", "self_attn.k_proj.bias", none, keys, qkv_bias},
    Role{&L::value_bias, "attn_v.bias", "self_attn.v_proj.bias", none, keys, qkv_bias},
    Role{&L::query_norm, "attn_q_norm.weight", "self_attn.q_norm.weight", none, head_dim, qk_norm},
    Role{&L::key_norm, "attn_k_norm.weight", "self_attn.k_norm.weight", none, head_dim, qk_norm},
    Role{&L::output, "attn_output.weight", "self_attn.o_proj.weight", width, queries, always},
    Role{&L::output_bias, "attn_output.bias", "self_attn.o_proj.bias", none, width, output_bias},
    Role{&L::attention_post_norm, "post_attention_norm.weight", "post_attention_layernorm.weight",
         none, width, post_norms},
    Role{&L::mlp_norm, "ffn_norm.weight", "pre_feedforward_layernorm.weight", none, width,
         post_norms},
    Role{&L::mlp_norm, "ffn_norm.weight", "post_attention_layernorm.weight", none, width,
         no_post_norms},
    Role{&L::mlp_norm_bias, "ffn_norm.bias", "post_attention_layernorm.bias", none, width,
         layer_norm},
    Role{&L::gate, "ffn_gate.weight", "mlp.gate_proj.weight", hidden, width, dense_gated},
    Role{&L::up, "ffn_up.weight", "mlp.up_proj.weight", hidden, width, dense},
    Role{&L::down, "ffn_down.weight", "mlp.down_proj.weight", width, hidden, dense},
    Role{&L::gate_bias, "ffn_gate.bias", "mlp.gate_proj.bias", none, hidden, gate_bias},
    Role{&L::up_bias, "ffn_up.bias", "mlp.up_proj.bias", none, hidden, mlp_bias},
    Role{&L::down_bias, "ffn_down.bias", "mlp.down_proj.bias", none, width, mlp_bias},
    Role{&L::mlp_post_norm, "post_ffw_norm.weight", "post_feedforward_layernorm.weight", none,
         width, post_norms},
    Role{&L::router, "ffn_gate_inp.weight", "block_sparse_moe.gate.weight", experts, width, moe},
};

// A matrix of each expert: stacked in one tensor (experts, rows, columns) in a GGUF; one tensor an
// expert in older GGUFs ("ffn_gate.N.weight") and in Hugging Face's ("…experts.N.w1.weight").
struct ExpertRole {
  std::vector<const Tensor*> LayerWeights::* weights;
  std::string_view stacked, gguf, hugging_face;
  Extent rows, columns;
};

constexpr std::array kExpertRoles = {
    ExpertRole{&L::expert_gate, "ffn_gate_exps.weight", "ffn_gate", "w1", hidden, width},
    ExpertRole{&L::expert_up, "ffn_up_exps.weight", "ffn_up", "w3", hidden, width},
    ExpertRole{&L::expert_down, "ffn_down_exps.weight", "ffn_down", "w2", width, hidden},
};

std::string expert_name(std::string_view matrix, size_t expert) {
  return fmt::format("block_sparse_moe.experts.{}.{}.weight", expert, matrix);
}

using Shape = std::vector<int64_t>;

class Binder {
 public:
  Binder(const ModelFile& file, ModelConfig& config) : file_(file), config_(config) {}

  Result<Weights> bind() {
    TRY(find_prefix());
    TRY(bind_ends());
    for (uint32_t n = 0; n < config_.layers; ++n) {
      TRY(bind_layer(n));
    }
    return std::move(weights_);
  }

 private:
  bool gguf() const { return file_.format == ModelFormat::gguf; }

  // What stands before "layers.N." in Hugging Face's names: "model.", mostly.
  Result<void> find_prefix() {
    const Tensor* embedding = find_embedding(file_);
    if (embedding == nullptr) return fail(ErrorKind::invalid, "no token embedding matrix");
    prefix_ = embedding->name.substr(0, embedding->name.find("embed_tokens"));
    return {};
  }

  std::string layer_name(uint32_t n, std::string_view in_gguf, std::string_view in_hf) const {
    return gguf() ? fmt::format("blk.{}.{}", n, in_gguf)
                  : fmt::format("{}layers.{}.{}", prefix_, n, in_hf);
  }

  static Result<void> check(const Tensor& tensor, const Shape& expected) {
    if (tensor.shape != expected)
      return fail(ErrorKind::invalid,
                  "tensor '{}' has shape ({}), but the hyperparameters ask for ({})", tensor.name,
                  fmt::join(tensor.shape, ", "), fmt::join(expected, ", "));
    const DTypeTraits& type = traits(tensor.dtype);
    if (static_cast<size_t>(expected.back()) % type.block_values != 0)
      return fail(ErrorKind::invalid,
                  "tensor '{}': rows of {} values are not whole {} blocks of {}", tensor.name,
                  expected.back(), type.name, type.block_values);
    if (tensor.bytes.size() != bytes_of(tensor.dtype, static_cast<size_t>(tensor.values())))
      return fail(ErrorKind::invalid, "tensor '{}' has {} bytes, not what its shape asks for",
                  tensor.name, tensor.bytes.size());
    return {};
  }

  Shape shape(Extent rows, Extent columns) const {
    if (rows == none) return {size_of(columns, config_)};
    return {size_of(rows, config_), size_of(columns, config_)};
  }

  Result<const Tensor*> find(const std::string& name, const Shape& expected) const {
    const Tensor* tensor = file_.find(name);
    if (tensor == nullptr)
      return fail(ErrorKind::invalid, "tensor '{}' of shape ({}) is missing", name,
                  fmt::join(expected, ", "));
    TRY(check(*tensor, expected));
    return tensor;
  }

  Result<void> bind_ends() {
    Weights& w = weights_;
    const auto name = [&](const char* in_gguf, const char* in_hf) {
      return gguf() ? std::string(in_gguf) : prefix_ + in_hf;
    };
    const Shape matrix = shape(vocab, width), vector = shape(none, width);
    TRY_ASSIGN(w.embedding, find(name("token_embd.weight", "embed_tokens.weight"), matrix));
    TRY_ASSIGN(w.final_norm, find(name("output_norm.weight", "norm.weight"), vector));
    if (config_.norm == Norm::layer) {
      TRY_ASSIGN(w.final_norm_bias, find(name("output_norm.bias", "norm.bias"), vector));
    }
    std::string head = gguf() ? "output.weight" : "lm_head.weight";
    if (prefix_ == "language_model.model.") head = "language_model.lm_head.weight";
    config_.tied_embeddings = config_.tied_embeddings || file_.find(head) == nullptr;
    w.head = w.embedding;
    if (!config_.tied_embeddings) {
      TRY_ASSIGN(w.head, find(head, matrix));
    }
    return {};
  }

  Result<void> bind_layer(uint32_t n) {
    LayerWeights& layer = weights_.layer.emplace_back();
    for (const Role& role : kRoles) {
      if (!role.has(config_)) continue;
      TRY_ASSIGN(layer.*role.weight,
                 find(layer_name(n, role.gguf, role.hugging_face), shape(role.rows, role.columns)));
    }
    if (config_.experts == 0) return {};
    for (const ExpertRole& role : kExpertRoles) {
      TRY_ASSIGN(layer.*role.weights, bind_experts(n, role));
    }
    return {};
  }

  Result<std::vector<const Tensor*>> bind_experts(uint32_t n, const ExpertRole& role) {
    const Shape one = shape(role.rows, role.columns);
    const std::string stacked = layer_name(n, role.stacked, "");
    if (gguf() && file_.find(stacked) != nullptr) return slice_experts(stacked, one);
    std::vector<const Tensor*> found;
    for (uint32_t e = 0; e < config_.experts; ++e) {
      const std::string name = layer_name(n, fmt::format("{}.{}.weight", role.gguf, e),
                                          expert_name(role.hugging_face, e));
      TRY_ASSIGN(found.emplace_back(), find(name, one));
    }
    return found;
  }

  Result<std::vector<const Tensor*>> slice_experts(const std::string& name, const Shape& one) {
    TRY_ASSIGN(const Tensor* whole, find(name, {config_.experts, one[0], one[1]}));
    const size_t bytes = whole->bytes.size() / config_.experts;
    std::vector<const Tensor*> slices;
    for (uint32_t e = 0; e < config_.experts; ++e) {
      auto slice =
          std::make_shared<const Tensor>(Tensor{fmt::format("{}[{}]", name, e), whole->dtype, one,
                                                whole->bytes.subspan(e * bytes, bytes)});
      slices.push_back(slice.get());
      weights_.views.push_back(std::move(slice));
    }
    return slices;
  }

  const ModelFile& file_;
  ModelConfig& config_;
  std::string prefix_;
  Weights weights_;
};

}  // namespace

const Tensor* find_embedding(const ModelFile& file) {
  if (file.format == ModelFormat::gguf) return file.find("token_embd.weight");
  for (const char* prefix : {"model.", "language_model.model.", "model.language_model."}) {
    const Tensor* embedding = file.find(fmt::format("{}embed_tokens.weight", prefix));
    if (embedding != nullptr) return embedding;
  }
  return nullptr;
}

Result<Weights> bind_weights(const ModelFile& file, ModelConfig& config) {
  return Binder(file, config).bind();
}

std::vector<GgufWeight> gguf_weights(const Weights& w, const ModelConfig& config) {
  std::vector<GgufWeight> out = {{"token_embd.weight", {w.embedding}}};
  for (size_t n = 0; n < w.layer.size(); ++n) {
    for (const Role& role : kRoles)
      if (role.has(config))
        out.push_back({fmt::format("blk.{}.{}", n, role.gguf), {w.layer[n].*role.weight}});
    if (config.experts == 0) continue;
    for (const ExpertRole& role : kExpertRoles)
      out.push_back({fmt::format("blk.{}.{}", n, role.stacked), w.layer[n].*role.weights});
  }
  out.push_back({"output_norm.weight", {w.final_norm}});
  if (w.final_norm_bias != nullptr) out.push_back({"output_norm.bias", {w.final_norm_bias}});
  if (!config.tied_embeddings) out.push_back({"output.weight", {w.head}});
  return out;
}

std::vector<HfWeight> hugging_face_weights(const Weights& w, const ModelConfig& config) {
  std::vector<HfWeight> out = {{"model.embed_tokens.weight", w.embedding}};
  for (size_t n = 0; n < w.layer.size(); ++n) {
    const std::string layer = fmt::format("model.layers.{}.", n);
    for (const Role& role : kRoles)
      if (role.has(config))
        out.push_back({layer + std::string(role.hugging_face), w.layer[n].*role.weight});
    for (const ExpertRole& role : kExpertRoles)
      for (size_t e = 0; e < (w.layer[n].*role.weights).size(); ++e)
        out.push_back({layer + expert_name(role.hugging_face, e), (w.layer[n].*role.weights)[e]});
  }
  out.push_back({"model.norm.weight", w.final_norm});
  if (w.final_norm_bias != nullptr) out.push_back({"model.norm.bias", w.final_norm_bias});
  if (!config.tied_embeddings) out.push_back({"lm_head.weight", w.head});
  return out;
}

}  // namespace mill::llm
