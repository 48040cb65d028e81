// out[r][n] = Σ_k w[n][k]·x[r][k] for one panel of 16 outputs and a few rows r at once. A row's
// sums run over k in order whatever R is, so R only shares the loading of weights between rows.

struct InputBlock {
  const int8_t* q = nullptr;  // its numbers
  size_t index = 0;           // of its scale
};

// Adds one unit's part of row r: for each sub-block,  acc += (d·scale)·Σ w·q  (+ m·offset).
template <class Format>
inline F add_unit(F acc, const B (&w)[8], const UnitScales& s, const Activations& x,
                  InputBlock in) {
  const int8_t* q = in.q;
  const size_t block = in.index;
  const F x_scale = f_set(x.scale[block]);
  constexpr int kGroups = 8 / Format::kSubs;
#pragma GCC unroll 2
  for (int sub = 0; sub < Format::kSubs; ++sub) {
    const size_t at = block * Format::kSubs + static_cast<size_t>(sub);
    const int32_t* bias = Format::kSubs == 1 ? x.bias : x.bias_half;
    I sum = i_set(bias[at] / 128 * Format::kZero);
#pragma GCC unroll 8
    for (int g = sub * kGroups; g < (sub + 1) * kGroups; ++g) sum = i_dot(sum, w[g], q + 4 * g);
    acc = f_fma(f_mul(s.d[sub], x_scale), f_from(sum), acc);
    if constexpr (Format::kMins) {
      const float* offset = Format::kSubs == 1 ? x.offset : x.offset_half;
      acc = f_fma(s.m[sub], f_set(offset[at]), acc);
    }
  }
  return acc;
}

template <class Format, int R>
inline void quant_tile(const Matmul& op, const std::byte* panel, size_t row, F (&acc)[R]) {
  constexpr size_t kUnitBytes = Format::kScale + kPanelRows * kUnitInputs * Format::kBits / 8;
  const size_t blocks = op.input->cols / kBlock;
  const size_t stride = op.input->quant_stride();
  const int8_t* q = op.input->quants + row * stride;
  for (int r = 0; r < R; ++r) acc[r] = f_set(0.0F);
  for (size_t block = 0; block < blocks;) {
    const std::byte* header = panel;
    panel += Format::kHeader;
    for (size_t unit = 0; unit < Format::kUnits; ++unit, ++block, panel += kUnitBytes) {
      if (row == 0) prefetch_weights(panel, kUnitBytes);
      UnitScales s;
      Format::scales(header, panel, s);
      B w[8];
      Format::values(panel + Format::kScale, w);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r)
        acc[r] = add_unit<Format>(acc[r], w, s, *op.input,
                                  {q + static_cast<size_t>(r) * stride + block * kBlock,
                                   (row + static_cast<size_t>(r)) * blocks + block});
    }
  }
}

struct LoadF32 {
  static constexpr size_t kBytes = 64;
  static F load(const std::byte* p) { return f_load(reinterpret_cast<const float*>(p)); }
};
struct LoadF16 {
  static constexpr size_t kBytes = 32;
  static F load(const std::byte* p) { return f_load_f16(p); }
};

// Four sums for k mod 4, added as (0+1)+(2+3): shorter chains, and a smaller error.
template <class Load, int R>
inline void float_tile(const Matmul& op, const std::byte* panel, size_t row, F (&acc)[R]) {
  const size_t cols = op.input->cols;
  const float* x = op.input->values + row * cols;
  F sums[R][4];
  for (auto& chains : sums) {
    for (F& sum : chains) sum = f_set(0.0F);
  }
  size_t k = 0;
  for (; k + 4 <= cols; k += 4) {
#pragma GCC unroll 4
    for (size_t j = 0; j < 4; ++j) {
      const F w = Load::load(panel + (k + j) * Load::kBytes);
#pragma GCC unroll 4
      for (size_t r = 0; r < R; ++r) sums[r][j] = f_fma(w, f_set(x[r * cols + k + j]), sums[r][j]);
    }
  }
  for (; k < cols; ++k) {
    const F w = Load::load(panel + k * Load::kBytes);
    for (size_t r = 0; r < R; ++r) sums[r][0] = f_fma(w, f_set(x[r * cols + k]), sums[r][0]);
  }
  for (size_t r = 0; r < R; ++r)
    acc[r] = f_add(f_add(sums[r][0], sums[r][1]), f_add(sums[r][2], sums[r][3]));
}

// BF16 weights and activations, summed as the tiles' TDPBF16PS does (Intel SDM volume 2): over 32
// inputs, those of even and those of odd number each along a chain of their own that begins at 0,
// then acc + (even + odd).
template <int R>
inline void bf16_tile(const Matmul& op, const std::byte* panel, size_t row, F (&acc)[R]) {
  const Activations& x = *op.input;
  const uint16_t* in = x.halves + row * x.half_stride();
  for (int r = 0; r < R; ++r) acc[r] = f_set(0.0F);
  for (size_t k = 0; k < x.cols; k += kUnitInputs, panel += kBf16UnitBytes) {
    if (row == 0) prefetch_weights(panel, kBf16UnitBytes);
    alignas(64) float widened[R][kUnitInputs];
    F even[R];
    F odd[R];
#pragma GCC unroll 8
    for (size_t r = 0; r < R; ++r) {
      const uint16_t* halves = in + r * x.half_stride() + k;
      f_store(widened[r], f_load_bf16(halves));
      f_store(widened[r] + 16, f_load_bf16(halves + 16));
      even[r] = odd[r] = f_set(0.0F);
    }
    for (size_t i = 0; i < kUnitInputs; i += 2) {
      const F w0 = f_load_even_bf16(panel + i * 32);
      const F w1 = f_load_odd_bf16(panel + i * 32);
#pragma GCC unroll 8
      for (size_t r = 0; r < R; ++r) {
        even[r] = f_fma(w0, f_set(widened[r][i]), even[r]);
        odd[r] = f_fma(w1, f_set(widened[r][i + 1]), odd[r]);
      }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < R; ++r) acc[r] = f_add(acc[r], f_add(even[r], odd[r]));
  }
}

inline void store_outputs(const Matmul& op, size_t panel, size_t row, F value) {
  const size_t at = panel * kPanelRows;
  const size_t count = op.weights->rows - at;
  float* out = op.out + row * op.stride + at;
  if (op.add) value = f_add(load_upto(out, count), value);
  store_upto(out, value, count);
}

template <class Format, int R>
inline void tile(const Matmul& op, size_t panel, size_t row) {
  F acc[R];
  const std::byte* at = op.weights->panels + panel * op.weights->panel_bytes;
  if constexpr (requires { Format::kSubs; }) {
    quant_tile<Format, R>(op, at, row, acc);
  } else if constexpr (std::is_same_v<Format, FormatBF16>) {
    bf16_tile<R>(op, at, row, acc);
  } else {
    float_tile<Format, R>(op, at, row, acc);
  }
  for (int r = 0; r < R; ++r) store_outputs(op, panel, row + static_cast<size_t>(r), acc[r]);
}

// Tiles of R rows as long as they last, then of half as many.
template <class Format, int R>
inline void panel_rows(const Matmul& op, size_t panel, size_t row) {
  for (; row + R <= op.rows; row += R) tile<Format, R>(op, panel, row);
  if constexpr (R > 1) panel_rows<Format, R / 2>(op, panel, row);
}

template <class Format>
void matmul_panels(const Matmul& op, Range panels) {
  constexpr bool kPlainFloats = requires { Format::kBytes; };
  constexpr int kRows = kPlainFloats ? std::min(kTileRows, 4) : kTileRows;
  for (size_t panel = panels.begin; panel < panels.end; ++panel)
    panel_rows<Format, kRows>(op, panel, 0);
}

void matmul(const Matmul& op, Range panels) {
  switch (op.weights->dtype) {
    case DType::F32:
      return matmul_panels<LoadF32>(op, panels);
    case DType::F16:
      return matmul_panels<LoadF16>(op, panels);
    case DType::BF16:
      return matmul_panels<FormatBF16>(op, panels);
    case DType::Q4_0:
      return matmul_panels<FormatQ4_0>(op, panels);
    case DType::Q4_1:
      return matmul_panels<FormatQ4_1>(op, panels);
    case DType::Q5_0:
      return matmul_panels<FormatQ5_0>(op, panels);
    case DType::Q5_1:
      return matmul_panels<FormatQ5_1>(op, panels);
    case DType::Q8_0:
      return matmul_panels<FormatQ8_0>(op, panels);
    case DType::Q2_K:
      return matmul_panels<FormatQ2_K>(op, panels);
    case DType::Q3_K:
      return matmul_panels<FormatQ3_K>(op, panels);
    case DType::Q4_K:
      return matmul_panels<FormatQ4_K>(op, panels);
    case DType::Q5_K:
      return matmul_panels<FormatQ5_K>(op, panels);
    case DType::Q6_K:
      return matmul_panels<FormatQ6_K>(op, panels);
    case DType::IQ4_NL:
      return matmul_panels<FormatIQ4_NL>(op, panels);
    case DType::IQ4_XS:
      return matmul_panels<FormatIQ4_XS>(op, panels);
    case DType::MXFP4:
      return matmul_panels<FormatMXFP4>(op, panels);
  }
}
