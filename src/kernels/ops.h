#pragma once
// The operations that a transformer is made of, as one table of function pointers for each
// instruction set. All tables compute the same bits: every op is defined on 16 virtual lanes (sums
// run along each lane in order, lanes are then added as a fixed tree: 8+8, 4+4, 2+2, 1+1), every
// fused multiply-add is written as one, integer dot products are exact. So the scalar table is the
// specification of the others, tests compare bytes, and a result depends on a row's own input
// alone: not on the batch, the chunk, the threads or the machine. One op has two definitions, BF16
// products, for processors have two orders of their own (docs/decisions/0003).
//
// Every op works on a range (rows or panels) of its output; callers split ranges over threads.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"
#include "kernels/activations.h"
#include "kernels/packed.h"

namespace mill::kernels {

struct Range {
  size_t begin = 0, end = 0;
};

// out[r][n] (+)= Σ_k w[n][k]·x[r][k]
struct Matmul {
  const PackedMatrix* weights = nullptr;  // (outputs, inputs)
  const Activations* input = nullptr;     // (rows, inputs)
  size_t rows = 0;
  float* out = nullptr;  // (rows, stride)
  size_t stride = 0;
  bool add = false;  // add to what `out` holds (the residual stream)
};

enum class KvType : uint8_t { f16, bf16, q8, f32 };

// One layer's keys and values of one block of 32 positions of one KV head, in the pool's bytes:
//   keys   (head_dim, 32)   a dimension's 32 positions lie together: scores need no lane sums
//   values (32, value_dim)    a position's dimensions lie together; value_dim is head_dim in whole
//                             vectors of 16, the rest zero
//   q8 only: f32 scale[32], one a position, behind the keys and behind the values
struct KvLayout {
  KvType type = KvType::f16;
  size_t head_dim = 0;
  size_t element_bytes() const { return type == KvType::q8 ? 1 : type == KvType::f32 ? 4 : 2; }
  size_t scale_bytes() const { return type == KvType::q8 ? kBlock * sizeof(float) : 0; }
  size_t value_dim() const { return (head_dim + 15) / 16 * 16; }
  size_t key_bytes() const { return kBlock * head_dim * element_bytes() + scale_bytes(); }
  size_t value_bytes() const { return kBlock * value_dim() * element_bytes() + scale_bytes(); }
  size_t bytes() const { return (key_bytes() + value_bytes() + 63) / 64 * 64; }
};

// Query rows that look at the same keys: `rows` ≤ kAttentionRows, each with its own position.
inline constexpr size_t kAttentionRows = 12;
inline constexpr size_t kHeadDimMax = 512;
struct Attention {
  KvLayout layout;
  const std::byte* const* blocks = nullptr;  // this head's block for each 32 positions
  const float* const* query = nullptr;       // (rows) pointers to head_dim numbers, scaled already
  float* const* out = nullptr;               // (rows) pointers to head_dim numbers
  const uint32_t* position = nullptr;        // (rows) attends to positions ≤ this …
  size_t rows = 0;
  uint32_t window = 0;   // … and > position − window; 0 = all
  float softcap = 0.0F;  // scores become cap·tanh(score/cap); 0 = none
};

struct NormArgs {
  const float* weight = nullptr;  // (cols)
  const float* bias = nullptr;    // (cols) or null
  float epsilon = 1e-5F;
  size_t cols = 0;
};

struct Ops {
  std::string_view name;
  bool bf16_pairs = false;  // BF16 products in VDPBF16PS's order, not the tiles' (decision 0003)
  void (*quantize)(const Activations&, Range rows);  // fills quants … offset_half from values
  void (*matmul)(const Matmul&, Range panels);       // any weight format
  void (*rms_norm)(const NormArgs&, const float* x, float* out);    // one row
  void (*layer_norm)(const NormArgs&, const float* x, float* out);  // one row
  // rotates pairs (i, i + n) of a head, i < n: cos and sin of its position, (n) each
  void (*rope)(float* head, const float* cos, const float* sin, size_t n);
  void (*silu_mul)(const float* gate, const float* up, float* out, size_t n);
  void (*gelu_mul)(const float* gate, const float* up, float* out, size_t n);
  void (*relu_squared)(const float* x, float* out, size_t n);
  void (*add)(const float* x, float* out, size_t n);            // out += x
  void (*axpy)(float a, const float* x, float* out, size_t n);  // out += a·x
  void (*scale)(float a, float* x, size_t n);
  void (*softmax)(float* x, size_t n);
  // Writes position `slot` (0…31) of a block. Numbers are clamped to what the format can hold, so
  // the pool never contains infinities: a masked position has weight 0, and 0·∞ would be NaN.
  void (*store_kv)(const KvLayout&, std::byte* block, const float* key, const float* value,
                   size_t slot);
  void (*attention)(const Attention&);
  // The machine's own limits (generic/probes.inl), for benches.
  double (*int8_probe)(size_t rounds);
  double (*f32_probe)(size_t rounds);
  void (*read_probe)(const std::byte* data, size_t bytes, size_t ahead);
};

// Best for this processor, or the one that TOKENMILL_ISA names (scalar, scalar_bf16, avx2, avx512,
// avx512_bf16, amx): an unknown name, or one that the processor lacks, is an error that lists those
// it has.
Result<const Ops*> choose_ops();
// All that this processor can run, the two scalar tables first.
std::span<const Ops* const> available_ops();
// The scalar table that computes the same bits.
const Ops& specification(const Ops&);

}  // namespace mill::kernels
