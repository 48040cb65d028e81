// Integer products of 16 rows × 16 outputs at once on AMX tiles (Intel SDM volume 1, chapter 18).
//
// TDPBSSD multiplies a tile of activations A (16 rows × 4g bytes) with a tile of weights B (g × 64
// bytes: exactly the g vectors of a packed unit, or half unit) into 16 × 16 sums of 32 bits. The
// sums are exact, and the scales are applied to them in the order of the other tables, so the
// results are the same bits; only the integer part is done elsewhere.
//
// A panel's values are unpacked to signed bytes once and used for all rows. Inputs are taken in
// chunks whose unpacked panels stay in the second-level cache.

constexpr size_t kChunkUnits = 64;  // 64 · 512 B of values and 64 · 256 B of scales
constexpr size_t kPanelsTogether = 2;
constexpr size_t kTileRowCount = 16;

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

// The instructions by the tiles' numbers: the compiler's own intrinsics take literals only, and do
// not tell it that they touch memory.
template <int t>
inline void tile_zero() {
  asm volatile("tilezero %%tmm%c0" : : "i"(t));
}
template <int t>
inline void tile_load(const void* p, long stride) {
  asm volatile("tileloadd (%0,%1), %%tmm%c2" : : "r"(p), "r"(stride), "i"(t) : "memory");
}
template <int t>
inline void tile_store(void* p) {
  asm volatile("tilestored %%tmm%c2, (%0,%1)" : : "r"(p), "r"(64L), "i"(t) : "memory");
}
template <int sums, int a, int b>
inline void tile_dot() {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(sums), "i"(a), "i"(b));
}

// Tiles 0–3: sums; 4, 5: activations of `groups` inputs by four; 6, 7: weights.
inline void configure_tiles(size_t groups) {
  TileConfig config;
  for (size_t t = 0; t < 8; ++t) {
    config.row_bytes[t] = static_cast<uint16_t>(t == 4 || t == 5 ? 4 * groups : 64);
    config.rows[t] = static_cast<uint8_t>(t >= 6 ? groups : 16);
  }
  asm volatile("ldtilecfg %0" : : "m"(config));
}

struct UnpackedPanel {
  alignas(64) int8_t values[kChunkUnits * 512];
  UnitScales scales[kChunkUnits];
};

template <class Format>
inline void unpack(const std::byte* panel, size_t units, UnpackedPanel& to) {
  constexpr size_t kUnitBytes = Format::kScale + kPanelRows * kUnitInputs * Format::kBits / 8;
  const size_t ahead = weights_ahead(kTileRowCount);
  for (size_t n = 0; n < units;) {
    const std::byte* header = panel;
    panel += Format::kHeader;
    for (size_t unit = 0; unit < Format::kUnits; ++unit, ++n, panel += kUnitBytes) {
      prefetch_weights(panel, kUnitBytes, ahead);
      Format::scales(header, panel, to.scales[n]);
      B w[8];
      Format::values(panel + Format::kScale, w);
      for (size_t g = 0; g < 8; ++g) {
        if constexpr (Format::kZero != 0) w[g] = b_add(w[g], b_set(256 - Format::kZero));
        _mm512_store_si512(to.values + n * 512 + g * 64, w[g].v);
      }
    }
  }
}

struct alignas(64) TileSums {
  int32_t sum[16][16];
};

// Where a group of (half) units' activations and weights begin.
struct TileInput {
  const int8_t* x = nullptr;
  long x_stride = 0;
  const int8_t* w = nullptr;
};

// Two (half) units' products into sum tiles t and t + 1, after what those held is stored. A product
// takes 52 cycles to arrive, so it is fetched a round later, while the next ones are on their way.
template <int groups, int t, bool store>
inline void multiply_two(const TileInput& in, TileSums (&sums)[4]) {
  constexpr long kStep = 4 * groups;
  constexpr long kWeights = 64L * groups;
  tile_load<4>(in.x + t * kStep, in.x_stride);
  tile_load<6>(in.w + t * kWeights, 64);
  tile_load<5>(in.x + (t + 1) * kStep, in.x_stride);
  tile_load<7>(in.w + (t + 1) * kWeights, 64);
  if constexpr (store) {
    tile_store<t>(sums[t].sum);
    tile_store<t + 1>(sums[t + 1].sum);
  }
  tile_zero<t>();
  tile_dot<t, 4, 6>();
  tile_zero<t + 1>();
  tile_dot<t + 1, 5, 7>();
}

template <int groups, bool store>
inline void multiply_four(const TileInput& in, TileSums (&sums)[4]) {
  multiply_two<groups, 0, store>(in, sums);
  multiply_two<groups, 2, store>(in, sums);
}

inline void store_four(TileSums (&sums)[4]) {
  tile_store<0>(sums[0].sum);
  tile_store<1>(sums[1].sum);
  tile_store<2>(sums[2].sum);
  tile_store<3>(sums[3].sum);
}

template <int groups>
inline void multiply_one(const int8_t* x, size_t x_stride, const int8_t* w, TileSums& sums) {
  tile_zero<0>();
  tile_load<4>(x, static_cast<long>(x_stride));
  tile_load<6>(w, 64);
  tile_dot<0, 4, 6>();
  tile_store<0>(sums.sum);
}

// 16 rows' part of the sums over one (half) unit of the inputs.
struct Part {
  size_t row = 0, index = 0;  // the first row; which (half) unit
};

// acc += (d·scale)·sums (+ m·offset) for 16 rows of one (half) unit: add_unit() of matmul.inl.
template <class Format>
inline void add_sums(F (&acc)[16], const TileSums& sums, const UnitScales& s, const Activations& x,
                     Part part) {
  const size_t blocks = x.cols / kBlock;
  const F d = s.d[part.index % Format::kSubs];
  const F m = Format::kMins ? s.m[part.index % Format::kSubs] : f_set(0.0F);
  const float* scale = x.scale + part.row * blocks + part.index / Format::kSubs;
  const float* offsets = Format::kSubs == 1 ? x.offset : x.offset_half;
  const float* offset = offsets + part.row * blocks * Format::kSubs + part.index;
#pragma GCC unroll 16
  for (size_t r = 0; r < 16; ++r) {
    const F sum = f_from(_mm512_load_si512(sums.sum[r]));
    acc[r] = f_fma(f_mul(d, f_set(scale[r * blocks])), sum, acc[r]);
    if constexpr (Format::kMins)
      acc[r] = f_fma(m, f_set(offset[r * blocks * Format::kSubs]), acc[r]);
  }
}

struct Chunk {
  size_t first = 0, units = 0;  // of the panel's units
};

template <class Format>
inline void multiply_rows(const Matmul& op, const UnpackedPanel& panel, Chunk chunk, size_t row,
                          F (&acc)[16]) {
  constexpr int kGroups = 8 / Format::kSubs;
  const Activations& x = *op.input;
  const int8_t* q = x.quants + row * x.quant_stride() + chunk.first * kBlock;
  const size_t parts = chunk.units * Format::kSubs;
  const size_t first = chunk.first * Format::kSubs;
  TileSums sums[4];
  const auto input = [&](size_t part) {
    return TileInput{q + part * 4 * kGroups, static_cast<long>(x.quant_stride()),
                     panel.values + part * 64 * kGroups};
  };
  const auto add_four = [&](size_t part) {
    for (size_t i = 0; i < 4; ++i)
      add_sums<Format>(acc, sums[i], panel.scales[(part + i) / Format::kSubs], x,
                       {row, first + part + i});
  };
  size_t part = 0;
  if (parts >= 4) {
    multiply_four<kGroups, false>(input(0), sums);
    for (part = 4; part + 4 <= parts; part += 4) {
      multiply_four<kGroups, true>(input(part), sums);
      add_four(part - 4);
    }
    store_four(sums);
    add_four(part - 4);
  }
  for (; part < parts; ++part) {
    multiply_one<kGroups>(q + part * 4 * kGroups, x.quant_stride(),
                          panel.values + part * 64 * kGroups, sums[0]);
    add_sums<Format>(acc, sums[0], panel.scales[part / Format::kSubs], x, {row, first + part});
  }
}

// Adds a chunk to 16 rows' sums of one panel. Between chunks the sums wait in `partial`.
template <class Format>
inline void add_chunk(const Matmul& op, const UnpackedPanel& unpacked, Chunk chunk, size_t row,
                      float* partial) {
  F acc[16];
  for (size_t r = 0; r < 16; ++r)
    acc[r] = chunk.first == 0 ? f_set(0.0F) : f_load(partial + r * 16);
  multiply_rows<Format>(op, unpacked, chunk, row, acc);
  for (size_t r = 0; r < 16; ++r) f_store(partial + r * 16, acc[r]);
}

inline void store_panel(const Matmul& op, size_t panel, const float* sums) {
  const size_t at = panel * kPanelRows;
  const size_t count = op.weights->rows - at;
  for (size_t row = 0; row < op.rows; ++row) {
    float* out = op.out + row * op.stride + at;
    const F sum = f_load(sums + row * 16);
    store_upto(out, op.add ? f_add(load_upto(out, count), sum) : sum, count);
  }
}

// Up to kPanelsTogether panels. Rows come in whole sixteens; a chunk of 16 rows is loaded from afar
// once and meets each of the panels, which are near.
template <class Format>
void multiply_together(const Matmul& op, Range panels, UnpackedPanel* unpacked, float* partial) {
  const size_t units = op.input->cols / kBlock;
  constexpr size_t kUnitBytes = Format::kScale + kPanelRows * kUnitInputs * Format::kBits / 8;
  constexpr size_t kSuperBytes = Format::kHeader + Format::kUnits * kUnitBytes;
  const size_t count = panels.end - panels.begin;
  const std::byte* packed = op.weights->panels + panels.begin * op.weights->panel_bytes;
  for (Chunk chunk; chunk.first < units; chunk.first += kChunkUnits) {
    chunk.units = std::min(kChunkUnits, units - chunk.first);
    const std::byte* at = packed + chunk.first / Format::kUnits * kSuperBytes;
    for (size_t p = 0; p < count; ++p)
      unpack<Format>(at + p * op.weights->panel_bytes, chunk.units, unpacked[p]);
    for (size_t row = 0; row < op.rows; row += kTileRowCount) {
      for (size_t p = 0; p < count; ++p)
        add_chunk<Format>(op, unpacked[p], chunk, row, partial + (p * op.rows + row) * 16);
    }
  }
  for (size_t p = 0; p < count; ++p) store_panel(op, panels.begin + p, partial + p * op.rows * 16);
}

template <class Format>
void multiply_panels(const Matmul& op, Range panels) {
  alignas(64) UnpackedPanel unpacked[kPanelsTogether];
  std::vector<float> partial(kPanelsTogether * op.rows * 16);
  configure_tiles(8 / Format::kSubs);
  for (size_t at = panels.begin; at < panels.end; at += kPanelsTogether)
    multiply_together<Format>(op, {at, std::min(at + kPanelsTogether, panels.end)}, unpacked,
                              partial.data());
  _tile_release();
}
