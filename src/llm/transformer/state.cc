#include "llm/transformer/state.h"

#include <algorithm>

namespace mill::llm {
namespace {

// Hands out aligned pieces of one allocation; with no base it only counts.
class Carver {
 public:
  explicit Carver(std::byte* base) : base_(base) {}
  template <class T>
  T* take(size_t n) {
    T* at = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ += (n * sizeof(T) + 127) / 64 * 64;  // ops may read to the end of a vector
    return at;
  }
  size_t used() const { return used_; }

 private:
  std::byte* base_;
  size_t used_ = 0;
};

// Room for rows of `widest`, or for two of `width` (the head's) in the place of each.
kernels::Activations carve_activations(Carver& carver, size_t rows, size_t widest, size_t width) {
  using kernels::Activations;
  const auto most = [&](size_t (*stride)(size_t)) {
    return rows * std::max(stride(widest), 2 * stride(width));
  };
  const size_t blocks = rows * std::max(widest, 2 * width) / kernels::kBlock + 1;
  Activations a;
  a.quants = carver.take<int8_t>(most(Activations::quant_stride_of));
  a.scale = carver.take<float>(blocks);
  a.bias = carver.take<int32_t>(blocks);
  a.offset = carver.take<float>(blocks);
  a.bias_half = carver.take<int32_t>(2 * blocks);
  a.offset_half = carver.take<float>(2 * blocks);
  a.halves = carver.take<uint16_t>(most(Activations::half_stride_of));
  return a;
}

StepBuffers carve(Carver& carver, const ModelConfig& c, size_t tokens) {
  const size_t attention = size_t{c.heads} * c.head_dim;
  const size_t kv = size_t{c.kv_heads} * c.head_dim;
  const size_t widest = std::max({size_t{c.width}, attention, size_t{c.hidden}});
  const size_t angles = rope_variants(c).variants.size() * (c.rotary_dim / 2);
  StepBuffers b;
  b.hidden = carver.take<float>(tokens * c.width);
  b.normed = carver.take<float>(tokens * c.width);
  b.query = carver.take<float>(tokens * attention);
  b.attended = carver.take<float>(tokens * attention);
  b.key = carver.take<float>(tokens * kv);
  b.value = carver.take<float>(tokens * kv);
  b.gate = carver.take<float>(tokens * c.hidden);
  b.up = carver.take<float>(tokens * c.hidden);
  b.branch = carver.take<float>(tokens * c.width);
  b.gathered = carver.take<float>(c.experts == 0 ? 0 : tokens * c.width);
  b.router = carver.take<float>(tokens * c.experts);
  b.cos = carver.take<float>(tokens * angles);
  b.sin = carver.take<float>(tokens * angles);
  b.input = carve_activations(carver, tokens, widest, c.width);
  b.rest_values = carver.take<float>(tokens * c.width);
  return b;
}

}  // namespace

size_t buffer_bytes(const ModelConfig& config, size_t tokens) {
  Carver counter(nullptr);
  carve(counter, config, tokens);
  return counter.used();
}

Result<StepBuffers> allocate_buffers(const ModelConfig& config, size_t tokens) {
  TRY_ASSIGN(Pages pages, Pages::allocate(buffer_bytes(config, tokens)));
  Carver carver(pages.data());
  StepBuffers buffers = carve(carver, config, tokens);
  buffers.pages = std::move(pages);
  return buffers;
}

RopeVariants rope_variants(const ModelConfig& config) {
  RopeVariants out;
  for (const LayerConfig& layer : config.layer) {
    const auto same = [&](const LayerConfig& v) {
      return v.rope_base == layer.rope_base && v.rope_scale == layer.rope_scale;
    };
    const auto found = std::find_if(out.variants.begin(), out.variants.end(), same);
    out.of_layer.push_back(static_cast<size_t>(found - out.variants.begin()));
    if (found == out.variants.end()) out.variants.push_back(layer);
  }
  return out;
}

}  // namespace mill::llm
