#pragma once
// What a forward pass writes: the activations of one step, and the keys and values of all
// sequences.

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/pages.h"
#include "kernels/ops.h"
#include "llm/models/config.h"
#include "llm/runner.h"

namespace mill::llm {

// The pool of keys and values: (blocks, layers, kv_heads) of kernels::KvLayout. A block's layers
// lie together, so a pool that is hardly used hardly touches memory.
struct KvMemory {
  kernels::KvLayout layout;
  uint32_t blocks = 0, layers = 0, kv_heads = 0;
  Pages pages;

  size_t block_bytes() const { return size_t{layers} * kv_heads * layout.bytes(); }
  std::byte* at(BlockId block, size_t layer, size_t head) const {
    return pages.data() + block * block_bytes() + (layer * kv_heads + head) * layout.bytes();
  }
};

// Buffers for at most `tokens` rows; every row is row-major and starts on its own.
struct StepBuffers {
  float *hidden = nullptr, *normed = nullptr;    // (tokens, width)
  float *query = nullptr, *attended = nullptr;   // (tokens, heads·head_dim)
  float *key = nullptr, *value = nullptr;        // (tokens, kv_heads·head_dim)
  float *gate = nullptr, *up = nullptr;          // (tokens, hidden)
  float* branch = nullptr;                       // (tokens, width)
  float *gathered = nullptr, *router = nullptr;  // (tokens, width), (tokens, experts)
  float *cos = nullptr, *sin = nullptr;          // (variants, tokens, rotary_dim/2)
  kernels::Activations input;    // quantised rows of whichever of these is multiplied next
  float* rest_values = nullptr;  // (tokens, width): what quantising the head's input lost
  Pages pages;
};

Result<StepBuffers> allocate_buffers(const ModelConfig&, size_t tokens);
size_t buffer_bytes(const ModelConfig&, size_t tokens);

// Distinct rotations among a model's layers (Gemma 3 has two), and which of them a layer uses.
struct RopeVariants {
  std::vector<LayerConfig> variants;
  std::vector<size_t> of_layer;
};
RopeVariants rope_variants(const ModelConfig&);

}  // namespace mill::llm
