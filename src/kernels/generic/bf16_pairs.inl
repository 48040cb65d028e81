// BF16 weights and activations, summed as VDPBF16PS does (Intel SDM volume 2): the odd input of a
// pair, then the even one, each a fused multiply-add into the sum. Over 32 inputs a chain begins at
// 0 and is then added to the row's sum, so that chains are short and sums lose little. For tables
// that are kPlainOps() in everything else.

template <int R>
inline void bf16_pairs_tile(const Matmul& op, size_t panel, size_t row) {
  const Activations& x = *op.input;
  const std::byte* w = op.weights->panels + panel * op.weights->panel_bytes;
  const size_t stride = x.half_stride();
  const uint16_t* in = x.halves + row * stride;
  const size_t ahead = row == 0 ? weights_ahead(op.rows) : 0;
  F acc[R];
  for (F& sum : acc) sum = f_set(0.0F);
  for (size_t k = 0; k < x.cols; k += kUnitInputs, w += kBf16UnitBytes, in += kUnitInputs) {
    prefetch_weights(w, kBf16UnitBytes, ahead);
    F chain[R];
    for (F& sum : chain) sum = f_set(0.0F);
#pragma GCC unroll 16
    for (size_t i = 0; i < kUnitInputs; i += 2) {
      const B pairs = b_load(w + i * 32);
#pragma GCC unroll 16
      for (size_t r = 0; r < R; ++r) chain[r] = f_pair_dot(chain[r], pairs, in + r * stride + i);
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < R; ++r) acc[r] = f_add(acc[r], chain[r]);
  }
  for (size_t r = 0; r < R; ++r) store_outputs(op, panel, row + r, acc[r]);
}

// Tiles of R rows as long as they last, then of half as many.
template <int R>
inline void bf16_pairs_rows(const Matmul& op, Range group, size_t row) {
  for (; row + R <= op.rows; row += R) {
    for (size_t panel = group.begin; panel < group.end; ++panel) bf16_pairs_tile<R>(op, panel, row);
  }
  if constexpr (R > 1) bf16_pairs_rows<R / 2>(op, group, row);
}

void matmul_with_pairs(const Matmul& op, Range panels) {
  if (op.weights->dtype != DType::BF16) return kPlainOps().matmul(op, panels);
  for (Range group; panels.begin < panels.end; panels.begin = group.end) {
    group = next_group(op, panels);
    bf16_pairs_rows<kPairRows>(op, group, 0);
  }
}

Ops with_bf16_pairs(std::string_view name) {
  Ops table = kPlainOps();
  table.name = name;
  table.bf16_pairs = true;
  table.matmul = matmul_with_pairs;
  return table;
}
