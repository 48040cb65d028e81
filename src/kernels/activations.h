#pragma once
// The other side of a quantised dot product: rows of activations as signed bytes in blocks of 32,
// each with its scale, and with the sums that undo offsets and apply minimums.
//
//   x ≈ scale · q,  q = round(x · 127 / max|x|),  scale = max|x| / 127      (per row and block)
//
// A weight block of d·w + m (w unsigned) gives  Σ (d·w + m)·x = d·scale·Σ w·q + m·offset  with
// offset = scale·Σ q; a weight stored as w + 128 gives  Σ w·q = Σ (w+128)·q + bias, bias = −128·Σ
// q; one stored as w + 8 takes a sixteenth of it. Formats whose scales change every 16 inputs need
// both sums for each half block, and none of them is offset by more than 32.

#include <cstddef>
#include <cstdint>

namespace mill::kernels {

inline constexpr size_t kBlock = 32;
inline constexpr int32_t kBias = 128, kHalfBias = 32;

// BF16 weights multiply with the activations rounded to bf16.
//
// Buffers for `rows` rows of `cols` numbers, row-major, owned by the caller (64-byte aligned). Null
// ones are not wanted.
struct Activations {
  const float* values = nullptr;  // (rows, cols), what float weights multiply with
  int8_t* quants = nullptr;       // (rows, quant_stride)
  float* scale = nullptr;         // (rows, cols/32)
  int32_t* bias = nullptr;        // (rows, cols/32), −kBias·Σ q
  float* offset = nullptr;        // (rows, cols/32)
  int32_t* bias_half = nullptr;   // (rows, cols/16), −kHalfBias·Σ q
  float* offset_half = nullptr;   // (rows, cols/16)
  uint16_t* halves = nullptr;     // (rows, half_stride), zeros from cols to a multiple of 32
  size_t cols = 0;

  // Rows are an odd number of cache lines, so that those of a tile lie in different sets.
  static constexpr size_t row_bytes_of(size_t bytes) { return ((bytes + 63) / 64 | 1) * 64; }
  static constexpr size_t quant_stride_of(size_t cols) { return row_bytes_of(cols); }
  static constexpr size_t half_stride_of(size_t cols) { return row_bytes_of(2 * cols) / 2; }
  size_t quant_stride() const { return quant_stride_of(cols); }
  size_t half_stride() const { return half_stride_of(cols); }
};

// The rows from `first` on.
inline Activations skip_rows(const Activations& x, size_t first) {
  const size_t blocks = x.cols / kBlock;
  Activations rest = x;
  rest.values += first * x.cols;
  if (rest.quants != nullptr) rest.quants += first * x.quant_stride();
  rest.scale += first * blocks;
  rest.bias += first * blocks;
  rest.offset += first * blocks;
  rest.bias_half += 2 * first * blocks;
  rest.offset_half += 2 * first * blocks;
  if (rest.halves != nullptr) rest.halves += first * x.half_stride();
  return rest;
}

}  // namespace mill::kernels
