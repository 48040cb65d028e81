// out[r][n] = Σ_k w[n][k]·x[r][k] for one panel of 16 outputs and a few rows r at once. A row's
// sums run over k in order whatever R is, so R only shares the loading of weights between rows.

// One block of the first of some rows; the others lie so far behind it.
struct InputBlock {
  const int8_t* q = nullptr;  // its numbers
  size_t index = 0;           // of its scale
  size_t blocks = 0;          // of a row
  size_t stride = 0;          // bytes of a row
};

// What takes the offset of stored weights off again: −kZero·Σq.
template <class Format>
inline I begin_sum(const Activations& x, size_t at) {
  constexpr int32_t kAll = Format::kSubs == 1 ? kBias : kHalfBias;
  const I bias = i_set((Format::kSubs == 1 ? x.bias : x.bias_half)[at]);
  if constexpr (Format::kZero == 0)
    return i_set(0);
  else if constexpr (Format::kZero == kAll)
    return bias;
  else
    return i_shr<std::countr_zero(static_cast<unsigned>(kAll / Format::kZero))>(bias);
}

// Adds one sub-block's part of N rows:  acc += (d·scale)·Σ w·q  (+ m·offset).
template <class Format, size_t sub, int N>
inline void add_sub_block(F* acc, const B* w, const UnitScales& s, const Activations& x,
                          const InputBlock& in) {
  constexpr size_t kSubs = Format::kSubs, kGroups = 8 / kSubs;
  const size_t first = in.index * kSubs + sub, blocks = in.blocks * kSubs;
  I sums[N];
#pragma GCC unroll 4
  for (size_t r = 0; r < N; ++r) sums[r] = begin_sum<Format>(x, first + r * blocks);
  i_dots<kValueBits<Format>, sub * kGroups, kGroups>(sums, w, in.q, in.stride);
#pragma GCC unroll 4
  for (size_t r = 0; r < N; ++r) {
    const F scale = f_mul(s.d[sub], f_set(x.scale[in.index + r * in.blocks]));
    acc[r] = f_fma(scale, f_from(sums[r]), acc[r]);
    if constexpr (Format::kMins) {
      const float* offset = kSubs == 1 ? x.offset : x.offset_half;
      acc[r] = f_fma(s.m[sub], f_set(offset[first + r * blocks]), acc[r]);
    }
  }
}

// Adds one unit's part of R rows, a few at a time.
template <class Format, int R>
inline void add_unit(F (&acc)[R], const B* w, const UnitScales& s, const Activations& x,
                     InputBlock in) {
  constexpr int kRows = std::min(R, kTurns<kValueBits<Format>>);
  const auto turn = [&](int r) {
    add_sub_block<Format, 0, kRows>(acc + r, w, s, x, in);
    if constexpr (Format::kSubs == 2) add_sub_block<Format, 1, kRows>(acc + r, w, s, x, in);
    in.q += kRows * in.stride;
    in.index += kRows * in.blocks;
  };
  if constexpr (kSumsInRegisters) {
#pragma GCC unroll 4
    for (int r = 0; r < R; r += kRows) turn(r);
  } else {
#pragma GCC unroll 1
    for (int r = 0; r < R; r += kRows) turn(r);
  }
}

template <class Format, int R>
inline void quant_tile(const Matmul& op, const std::byte* panel, size_t row, F (&acc)[R]) {
  constexpr size_t kUnitBytes = Format::kScale + kPanelRows * kUnitInputs * Format::kBits / 8;
  const size_t ahead = row == 0 ? weights_ahead(op.rows) : 0;
  InputBlock in{.blocks = op.input->cols / kBlock, .stride = op.input->quant_stride()};
  in.q = op.input->quants + row * in.stride;
  in.index = row * in.blocks;
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) acc[r] = f_set(0.0F);
  for (size_t block = 0; block < in.blocks;) {
    const std::byte* header = panel;
    panel += Format::kHeader;
    for (size_t unit = 0; unit < Format::kUnits; ++unit, ++block, panel += kUnitBytes) {
      prefetch_weights(panel, kUnitBytes, ahead);
      UnitScales s;
      Format::scales(header, panel, s);
      B w[kVectors<kValueBits<Format>>];
      Format::values(panel + Format::kScale, w);
      split_values<kValueBits<Format>>(w);
      add_unit<Format>(acc, w, s, *op.input, in);
      in.q += kBlock;
      ++in.index;
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
  const size_t ahead = row == 0 ? weights_ahead(op.rows) : 0;
  for (int r = 0; r < R; ++r) acc[r] = f_set(0.0F);
  for (size_t k = 0; k < x.cols; k += kUnitInputs, panel += kBf16UnitBytes) {
    prefetch_weights(panel, kBf16UnitBytes, ahead);
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
inline void group_rows(const Matmul& op, Range group, size_t row) {
  for (; row + R <= op.rows; row += R) {
    for (size_t panel = group.begin; panel < group.end; ++panel) tile<Format, R>(op, panel, row);
  }
  if constexpr (R > 1) group_rows<Format, R / 2>(op, group, row);
}

// Rows of a tile.
template <class Format>
constexpr int tile_rows() {
  if constexpr (requires { Format::kSubs; }) return kDotRows<kValueBits<Format>>;
  return requires { Format::kBytes; } ? std::min(kTileRows, 4) : kTileRows;
}

template <class Format>
void matmul_panels(const Matmul& op, Range panels) {
  constexpr int kRows = tile_rows<Format>();
  for (Range group; panels.begin < panels.end; panels.begin = group.end) {
    group = next_group(op, panels);
    group_rows<Format, kRows>(op, group, 0);
  }
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
