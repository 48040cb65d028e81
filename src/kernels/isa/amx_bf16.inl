// BF16 weights on tiles: TDPBF16PS sums whole rows of inputs inside the tiles, in the order that
// bf16_tile() of matmul.inl defines, so nothing is left to do but to fetch the sums.
//
// Up to 32 rows × 32 outputs are summed at once: two tiles of activations and two of weights feed
// four of sums, so that each load is used twice. Inputs are taken in chunks whose weights (two
// panels) stay in the first-level cache while all rows pass; between chunks the sums wait in
// memory, which loses nothing.

constexpr size_t kBf16ChunkUnits = 16;  // 2 panels · 16 · 1 KiB

template <int sums, int a, int b>
inline void tile_dot_bf16() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(sums), "i"(a), "i"(b));
}

struct alignas(64) Bf16Sums {
  float sum[16][16];
};

// Sixteens of rows (1 or 2) and panels (1 or 2) whose sums are in tiles 0…3: 2·sixteen + panel.
struct Bf16Block {
  const uint16_t* x = nullptr;
  size_t x_stride = 0;           // numbers
  const std::byte* w = nullptr;  // of the first panel
  size_t panel_bytes = 0;
  size_t units = 0;
  size_t ahead = 0;  // the first rows ask for the weights to come
};

template <int sixteens, int panels>
inline void multiply_bf16(const Bf16Block& in) {
  const auto stride = static_cast<long>(in.x_stride * sizeof(uint16_t));
  for (size_t unit = 0; unit < in.units; ++unit) {
    const uint16_t* x = in.x + unit * kUnitInputs;
    const std::byte* w = in.w + unit * kBf16UnitBytes;
    prefetch_weights(w, kBf16UnitBytes, in.ahead);
    if constexpr (panels == 2) prefetch_weights(w + in.panel_bytes, kBf16UnitBytes, in.ahead);
    tile_load<4>(x, stride);
    tile_load<6>(w, 64);
    tile_dot_bf16<0, 4, 6>();
    if constexpr (panels == 2) {
      tile_load<7>(w + in.panel_bytes, 64);
      tile_dot_bf16<1, 4, 7>();
    }
    if constexpr (sixteens == 2) {
      tile_load<5>(x + 16 * in.x_stride, stride);
      tile_dot_bf16<2, 5, 6>();
      if constexpr (panels == 2) tile_dot_bf16<3, 5, 7>();
    }
  }
}

// Begins with what `sums` holds, or with zeros; leaves the new sums there.
template <int sixteens, int panels>
inline void add_bf16(const Bf16Block& in, bool begin, Bf16Sums* sums) {
  if (begin) {
    tile_zero<0>();
    if constexpr (panels == 2) tile_zero<1>();
    if constexpr (sixteens == 2) tile_zero<2>();
    if constexpr (sixteens == 2 && panels == 2) tile_zero<3>();
  } else {
    tile_load<0>(sums[0].sum, 64);
    if constexpr (panels == 2) tile_load<1>(sums[1].sum, 64);
    if constexpr (sixteens == 2) tile_load<2>(sums[2].sum, 64);
    if constexpr (sixteens == 2 && panels == 2) tile_load<3>(sums[3].sum, 64);
  }
  multiply_bf16<sixteens, panels>(in);
  tile_store<0>(sums[0].sum);
  if constexpr (panels == 2) tile_store<1>(sums[1].sum);
  if constexpr (sixteens == 2) tile_store<2>(sums[2].sum);
  if constexpr (sixteens == 2 && panels == 2) tile_store<3>(sums[3].sum);
}

inline void store_bf16(const Matmul& op, size_t panel, size_t row, const Bf16Sums& sums) {
  for (size_t r = 0; r < 16; ++r) store_outputs(op, panel, row + r, f_load(sums.sum[r]));
}

// One or two panels of outputs for all rows, which come in whole sixteens.
template <int panels>
void bf16_panels(const Matmul& op, size_t panel, std::vector<Bf16Sums>& sums) {
  const Activations& x = *op.input;
  const size_t units = op.weights->panel_bytes / kBf16UnitBytes;
  const std::byte* weights = op.weights->panels + panel * op.weights->panel_bytes;
  for (size_t first = 0; first < units; first += kBf16ChunkUnits) {
    Bf16Block in{.x = x.halves + first * kUnitInputs,
                 .x_stride = x.half_stride(),
                 .w = weights + first * kBf16UnitBytes,
                 .panel_bytes = op.weights->panel_bytes,
                 .units = std::min(kBf16ChunkUnits, units - first)};
    for (size_t row = 0; row < op.rows; row += 32, in.x += 32 * in.x_stride) {
      in.ahead = row == 0 ? weights_ahead(op.rows) : 0;
      if (row + 32 <= op.rows)
        add_bf16<2, panels>(in, first == 0, &sums[row / 8]);
      else
        add_bf16<1, panels>(in, first == 0, &sums[row / 8]);
    }
  }
  for (size_t row = 0; row < op.rows; row += 16) {
    for (size_t p = 0; p < panels; ++p)
      store_bf16(op, panel + p, row, sums[row / 32 * 4 + row / 16 % 2 * 2 + p]);
  }
}

void multiply_bf16_panels(const Matmul& op, Range panels) {
  std::vector<Bf16Sums> sums((op.rows + 31) / 32 * 4);
  configure_tiles(16);
  size_t panel = panels.begin;
  for (; panel + 2 <= panels.end; panel += 2) bf16_panels<2>(op, panel, sums);
  if (panel < panels.end) bf16_panels<1>(op, panel, sums);
  _tile_release();
}
