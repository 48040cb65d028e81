#include "llm/models/decoder.h"

#include <string>

#include "llm/models/bind.h"
#include "llm/models/rope.h"

namespace mill::llm {
namespace {

// Bounds that no published model comes near, and with which no product of sizes overflows.
constexpr Range kLayers{1, 1024}, kHeads{1, 1024}, kHeadDim{2, 4096}, kWidth{1, 1 << 18},
    kHidden{1, 1 << 21}, kVocab{1, 1 << 23}, kContext{1, 1 << 30}, kEpsilon{0, 0.1};

std::optional<uint32_t> unless_zero(uint32_t value) {
  return value == 0 ? std::nullopt : std::optional(value);
}

Result<void> read_sizes(const Hyperparameters& h, const DecoderTraits& traits, ModelConfig& c) {
  TRY_ASSIGN(c.layers, h.count({"block_count", "num_hidden_layers"}, kLayers));
  TRY_ASSIGN(c.width, h.count({"embedding_length", "hidden_size"}, kWidth));
  TRY_ASSIGN(c.hidden, h.count({"feed_forward_length", "intermediate_size"}, kHidden));
  TRY_ASSIGN(c.context, h.count({"context_length", "max_position_embeddings"}, kContext,
                                unless_zero(traits.context)));
  TRY_ASSIGN(c.heads, h.count({"attention.head_count", "num_attention_heads"}, kHeads,
                              unless_zero(traits.heads)));
  const uint32_t kv_default = traits.kv_heads != 0 ? traits.kv_heads : c.heads;
  TRY_ASSIGN(c.kv_heads,
             h.count({"attention.head_count_kv", "num_key_value_heads"}, kHeads, kv_default));
  if (c.heads % c.kv_heads != 0)
    return fail(ErrorKind::invalid, "{} heads cannot share {} key/value heads evenly", c.heads,
                c.kv_heads);
  c.layer.resize(c.layers);
  return {};
}

Result<void> read_head_dim(const Hyperparameters& h, const DecoderTraits& traits, ModelConfig& c) {
  const uint32_t even_share = c.width % c.heads == 0 ? c.width / c.heads : 0;
  const uint32_t usual = traits.head_dim != 0 ? traits.head_dim : even_share;
  const Key key{"attention.key_length", "head_dim"};
  TRY_ASSIGN(c.head_dim, h.count(key, kHeadDim, unless_zero(usual)));
  TRY_ASSIGN(const uint32_t values, h.count({"attention.value_length", ""}, kHeadDim, c.head_dim));
  if (values != c.head_dim)
    return fail(ErrorKind::unsupported, "values of {} dimensions beside keys of {}", values,
                c.head_dim);
  if (c.head_dim % 2 != 0 || c.head_dim < kHeadDim.least || c.head_dim > kHeadDim.most)
    return fail(ErrorKind::invalid, "heads of {} dimensions: should be even, from {} to {}",
                c.head_dim, kHeadDim.least, kHeadDim.most);
  return {};
}

Result<void> check_activation(const Hyperparameters& h, Activation activation) {
  if (h.gguf()) return {};  // a GGUF's architecture implies it
  TRY_ASSIGN(const std::string older, h.text({"", "hidden_act"}, name_of(activation)));
  TRY_ASSIGN(const std::string found, h.text({"", "hidden_activation"}, older));
  const bool gemma_alias = activation == Activation::gelu_tanh && found == "gelu";
  if (found != name_of(activation) && !gemma_alias)
    return fail(ErrorKind::unsupported, "activation \"{}\" where this family has \"{}\"", found,
                name_of(activation));
  return {};
}

Result<void> read_vocab(const Hyperparameters& h, ModelConfig& c) {
  const Tensor* embedding = find_embedding(h.file());
  if (embedding == nullptr || embedding->shape.size() != 2)
    return fail(ErrorKind::invalid, "the file has no token embedding matrix ({})",
                h.gguf() ? "token_embd.weight" : "model.embed_tokens.weight");
  const auto rows = static_cast<double>(embedding->shape[0]);
  TRY_ASSIGN(const double vocab, number_in(rows, "the embedding's number of rows", kVocab));
  TRY_ASSIGN(c.vocab, h.count({"vocab_size", "vocab_size"}, kVocab, static_cast<uint32_t>(vocab)));
  return {};
}

}  // namespace

std::string_view name_of(Activation activation) {
  switch (activation) {
    case Activation::silu:
      return "silu";
    case Activation::gelu_tanh:
      return "gelu_pytorch_tanh";
    case Activation::relu_squared:
      return "relu2";
  }
  return "";
}

Result<ModelConfig> read_decoder(const Hyperparameters& h, const DecoderTraits& traits) {
  if (!h.value({"", "quantization_config"}).is_null())
    return fail(ErrorKind::unsupported,
                "config.json has a quantization_config; take the unquantized model or a GGUF");
  ModelConfig c;
  c.norm = traits.norm;
  c.activation = traits.activation;
  c.gated = traits.gated;
  c.rope_pairs = h.gguf() ? traits.gguf_pairs : RopePairs::halves;
  TRY(check_activation(h, traits.activation));
  TRY(read_sizes(h, traits, c));
  TRY(read_head_dim(h, traits, c));
  TRY(read_vocab(h, c));
  const Key epsilon = traits.norm == Norm::rms
                          ? Key{"attention.layer_norm_rms_epsilon", "rms_norm_eps"}
                          : Key{"attention.layer_norm_epsilon", "norm_eps"};
  TRY_ASSIGN(c.norm_epsilon, h.real(epsilon, kEpsilon, traits.norm_epsilon));
  TRY_ASSIGN(c.rotary_dim, read_rotary_dim(h, c.head_dim, traits.rotary_part));
  TRY_ASSIGN(const RopeSettings rope, read_rope(h, c, {.base = traits.rope_base}));
  apply_rope(rope, c);
  TRY(read_biases(h, c));
  return c;
}

Result<void> read_biases(const Hyperparameters& h, ModelConfig& c) {
  if (h.gguf()) {
    c.qkv_bias = h.file().find("blk.0.attn_q.bias") != nullptr;
    c.output_bias = h.file().find("blk.0.attn_output.bias") != nullptr;
    c.mlp_bias = h.file().find("blk.0.ffn_up.bias") != nullptr;
    return {};
  }
  TRY_ASSIGN(c.qkv_bias, h.flag({"", "attention_bias"}, false));
  c.output_bias = c.qkv_bias;
  TRY_ASSIGN(c.mlp_bias, h.flag({"", "mlp_bias"}, false));
  return {};
}

}  // namespace mill::llm
