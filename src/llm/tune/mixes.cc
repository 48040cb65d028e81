#include "llm/tune/mixes.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "llm/models/bind.h"

namespace mill::llm {
namespace {

constexpr std::array kMixes = {
    Mix{"F32", DType::F32, DType::F32, DType::F32, 0},
    Mix{"F16", DType::F16, DType::F16, DType::F16, 1},
    Mix{"BF16", DType::BF16, DType::BF16, DType::BF16, 32},
    Mix{"Q8_0", DType::Q8_0, DType::Q8_0, DType::Q8_0, 7},
    Mix{"Q6_K", DType::Q6_K, DType::Q6_K, DType::Q6_K, 18},
    Mix{"Q5_0", DType::Q5_0, DType::Q5_0, DType::Q6_K, 8},
    Mix{"Q5_1", DType::Q5_1, DType::Q5_1, DType::Q6_K, 9},
    Mix{"Q5_K_M", DType::Q5_K, DType::Q6_K, DType::Q6_K, 17},
    Mix{"Q4_0", DType::Q4_0, DType::Q4_0, DType::Q6_K, 2},
    Mix{"Q4_1", DType::Q4_1, DType::Q4_1, DType::Q6_K, 3},
    Mix{"Q4_K_M", DType::Q4_K, DType::Q6_K, DType::Q6_K, 15},
};

// The first eighth of the layers, the last, and every third between.
bool use_more_bits(uint32_t layer, uint32_t layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

bool is_head(std::string_view name, const MixShape& shape) {
  return name == "output.weight" || (shape.tied && name == "token_embd.weight");
}

// "blk.12.ffn_down.weight": its layer.
uint32_t layer_of(std::string_view name) {
  constexpr std::string_view kPrefix = "blk.";
  uint32_t layer = 0;
  if (name.starts_with(kPrefix))
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), layer);
  return layer;
}

DType fallback(DType dtype, int64_t columns) {
  if (columns % static_cast<int64_t>(traits(dtype).block_values) == 0) return dtype;
  return dtype == DType::Q4_K ? DType::Q5_0 : dtype == DType::Q5_K ? DType::Q5_1 : DType::Q8_0;
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::span<const Mix> mixes() { return kMixes; }

const Mix* mix_named(std::string_view name) {
  for (const Mix& mix : kMixes)
    if (std::ranges::equal(mix.name, name, {}, upper, upper)) return &mix;
  return nullptr;
}

DType mixed_type(const Mix& mix, std::string_view name, int64_t columns, const MixShape& shape) {
  if (is_head(name, shape)) return fallback(mix.head, columns);
  const bool favoured = name.find(".attn_v.") != std::string_view::npos ||
                        name.find(".ffn_down") != std::string_view::npos;
  const bool more = favoured && use_more_bits(layer_of(name), shape.layers);
  return fallback(more ? mix.more : mix.body, columns);
}

TensorFormats mixed_formats(const Mix& mix, const ModelDescription& model) {
  const MixShape shape{model.config.layers, model.config.tied_embeddings};
  TensorFormats formats;
  for (const GgufWeight& weight : gguf_weights(model.weights, model.config)) {
    const Tensor& part = *weight.parts.front();
    if (part.shape.size() < 2 || weight.name.ends_with("ffn_gate_inp.weight")) continue;
    formats[weight.name] = {mixed_type(mix, weight.name, part.shape.back(), shape), {}};
  }
  return formats;
}

}  // namespace mill::llm
