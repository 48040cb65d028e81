// Attention of a few query rows over the paged cache, block by block with a running maximum
// (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al. 2022):
//
//   s = q·K, top' = max(top, s), p = e^(s − top'), total' = total·e^(top − top') + Σp, out likewise
//
// A row meets its blocks in order of position and skips those it does not see at all, so its sums
// are the same whichever rows share the tile.

struct KvF16 {
  static constexpr size_t kBytes = 2;
  static constexpr bool kScaled = false;
  static F load(const std::byte* p) { return f_load_f16(p); }
};
struct KvBF16 {
  static constexpr size_t kBytes = 2;
  static constexpr bool kScaled = false;
  static F load(const std::byte* p) { return f_load_bf16(p); }
};
struct KvF32 {
  static constexpr size_t kBytes = 4;
  static constexpr bool kScaled = false;
  static F load(const std::byte* p) { return f_load(reinterpret_cast<const float*>(p)); }
};
struct KvQ8 {
  static constexpr size_t kBytes = 1;
  static constexpr bool kScaled = true;
  static F load(const std::byte* p) { return f_load_i8(p); }
};

template <int R>
struct AttentionState {
  alignas(64) float out[R][kHeadDimMax];
  alignas(64) float weight[R][kBlock];  // of the block's positions: e^(s − top)
  float top[R], total[R];
  bool sees[R];
};

inline uint32_t first_position(const Attention& a, size_t r) {
  return a.window == 0 || a.position[r] < a.window ? 0 : a.position[r] - a.window + 1;
}

// −∞ where the row does not look: behind its own position, or before its window.
inline void mask_scores(const Attention& a, size_t r, uint32_t start, float* scores) {
  const uint32_t first = first_position(a, r);
  if (start >= first && start + kBlock - 1 <= a.position[r]) return;
  for (uint32_t i = 0; i < kBlock; ++i) {
    if (start + i > a.position[r] || start + i < first)
      scores[i] = -std::numeric_limits<float>::infinity();
  }
}

template <class Kv, int R>
inline void score_block(const Attention& a, const std::byte* keys, F (&s)[R][2]) {
  const size_t dim = a.layout.head_dim;
  for (auto& row : s) row[0] = row[1] = f_set(0.0F);
  for (size_t d = 0; d < dim; ++d) {
    const F k0 = Kv::load(keys + d * kBlock * Kv::kBytes);
    const F k1 = Kv::load(keys + (d * kBlock + 16) * Kv::kBytes);
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      const F q = f_set(a.query[r][d]);
      s[r][0] = f_fma(q, k0, s[r][0]);
      s[r][1] = f_fma(q, k1, s[r][1]);
    }
  }
  if constexpr (Kv::kScaled) {
    const auto* scales = reinterpret_cast<const float*>(keys + dim * kBlock);
    for (auto& row : s) {
      row[0] = f_mul(row[0], f_load(scales));
      row[1] = f_mul(row[1], f_load(scales + 16));
    }
  }
}

// Turns a row's scores into weights under the new maximum; returns what the old sums shrink by.
template <int R>
inline float weigh(const Attention& a, AttentionState<R>& state, size_t r, uint32_t start) {
  float* scores = state.weight[r];
  if (a.softcap > 0.0F) {
    for (size_t i = 0; i < kBlock; i += 16) {
      const F capped = f_tanh(f_mul(f_load(scores + i), f_set(1.0F / a.softcap)));
      f_store(scores + i, f_mul(capped, f_set(a.softcap)));
    }
  }
  mask_scores(a, r, start, scores);
  const F s0 = f_load(scores);
  const F s1 = f_load(scores + 16);
  const float top = std::max(state.top[r], f_top(f_max(s0, s1)));
  const F p0 = f_exp(f_sub(s0, f_set(top)));
  const F p1 = f_exp(f_sub(s1, f_set(top)));
  alignas(64) float shrink[16] = {1.0F};  // = e⁰, as long as the maximum stands
  if (state.top[r] != top) f_store(shrink, f_exp(f_set(state.top[r] - top)));
  f_store(scores, p0);
  f_store(scores + 16, p1);
  state.total[r] = state.total[r] * shrink[0] + f_sum(f_add(p0, p1));
  state.top[r] = top;
  return shrink[0];
}

// out = out·shrink + Σ_i weight[i]·V[i], V vectors of dimensions at a time
template <class Kv, int R, int V>
inline void add_values(const Attention& a, AttentionState<R>& state, const float (&shrink)[R],
                       const std::byte* values, size_t d) {
  const size_t row_bytes = a.layout.value_dim() * Kv::kBytes;
  F out[R][V];
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v)
      out[r][v] = f_mul(f_load(state.out[r] + d + 16 * static_cast<size_t>(v)), f_set(shrink[r]));
  }
  for (size_t i = 0; i < kBlock; ++i) {
    F value[V];
#pragma GCC unroll 4
    for (size_t v = 0; v < V; ++v)
      value[v] = Kv::load(values + i * row_bytes + (d + 16 * v) * Kv::kBytes);
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      const F p = f_set(state.weight[r][i]);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) out[r][v] = f_fma(p, value[v], out[r][v]);
    }
  }
  for (int r = 0; r < R; ++r) {
    if (!state.sees[r]) continue;
    for (int v = 0; v < V; ++v) f_store(state.out[r] + d + 16 * static_cast<size_t>(v), out[r][v]);
  }
}

template <class Kv, int R>
inline void attend_block(const Attention& a, AttentionState<R>& state, uint32_t start) {
  const std::byte* keys = a.blocks[start / kBlock];
  const std::byte* values = keys + a.layout.key_bytes();
  F s[R][2];
  score_block<Kv, R>(a, keys, s);
  float shrink[R] = {};
  for (int r = 0; r < R; ++r) {
    const auto row = static_cast<size_t>(r);
    state.sees[r] = start <= a.position[r] && start + kBlock > first_position(a, row);
    f_store(state.weight[r], s[r][0]);
    f_store(state.weight[r] + 16, s[r][1]);
    if (state.sees[r]) shrink[r] = weigh(a, state, row, start);
  }
  if constexpr (Kv::kScaled) {
    const auto* scales = reinterpret_cast<const float*>(values + a.layout.value_dim() * kBlock);
    for (auto& weight : state.weight) {
      for (size_t i = 0; i < kBlock; i += 16)
        f_store(weight + i, f_mul(f_load(weight + i), f_load(scales + i)));
    }
  }
  size_t d = 0;
  constexpr int kVectors = R > 6 ? 2 : 4;  // R · kVectors sums stay in registers
  for (; d + 16 * kVectors <= a.layout.value_dim(); d += 16 * kVectors)
    add_values<Kv, R, kVectors>(a, state, shrink, values, d);
  for (; d < a.layout.value_dim(); d += 16) add_values<Kv, R, 1>(a, state, shrink, values, d);
}

template <class Kv, int R>
void attention_tile(const Attention& a) {
  AttentionState<R> state;
  uint32_t first = UINT32_MAX;
  uint32_t last = 0;
  for (int r = 0; r < R; ++r) {
    std::memset(state.out[r], 0, a.layout.value_dim() * sizeof(float));
    state.top[r] = -std::numeric_limits<float>::infinity();
    state.total[r] = 0.0F;
    first = std::min(first, first_position(a, static_cast<size_t>(r)));
    last = std::max(last, a.position[r]);
  }
  constexpr uint32_t kStep = kBlock;
  for (uint32_t start = first / kStep * kStep; start <= last; start += kStep)
    attend_block<Kv, R>(a, state, start);
  for (int r = 0; r < R; ++r) {
    const F inverse = f_set(1.0F / state.total[r]);
    map_row(a.out[r], a.layout.head_dim,
            [&](size_t d, size_t n) { return f_mul(load_upto(state.out[r] + d, n), inverse); });
  }
}

constexpr int smaller_tile(int rows) {
  return rows > 8 ? 8 : rows > 6 ? 6 : rows > 4 ? 4 : rows - 1;
}

// As many rows at once as the registers take; fewer give the same.
template <class Kv, int R = kAttentionTile>
void attention_rows(Attention a) {
  if constexpr (R == 1) {
    for (size_t rows = a.rows; rows > 0; --rows, ++a.query, ++a.out, ++a.position)
      attention_tile<Kv, 1>(a);
  } else if (a.rows >= R) {
    attention_tile<Kv, R>(a);
    a.rows -= R, a.query += R, a.out += R, a.position += R;
    if (a.rows > 0) attention_rows<Kv, R>(a);
  } else {
    attention_rows<Kv, smaller_tile(R)>(a);
  }
}

void attention(const Attention& a) {
  DASSERT(a.rows >= 1 && a.rows <= kAttentionRows, a.rows);
  switch (a.layout.type) {
    case KvType::f16:
      return attention_rows<KvF16>(a);
    case KvType::bf16:
      return attention_rows<KvBF16>(a);
    case KvType::q8:
      return attention_rows<KvQ8>(a);
    case KvType::f32:
      return attention_rows<KvF32>(a);
  }
}

// Where number i of a position is kept: every `stride` elements from `start`.
struct KvPlace {
  std::byte* bytes;
  size_t start, stride;
};

template <class Bits, class Convert>
inline void store_each(const KvPlace& place, const float* x, size_t n, Convert convert) {
  for (size_t i = 0; i < n; ++i) {
    const Bits bits = convert(std::min(std::max(x[i], -65504.0F), 65504.0F));
    std::memcpy(place.bytes + (place.start + i * place.stride) * sizeof bits, &bits, sizeof bits);
  }
}

inline void store_plain(KvType type, const KvPlace& place, const float* x, size_t n) {
  if (type == KvType::f32) return store_each<float>(place, x, n, [](float v) { return v; });
  if (type == KvType::f16) return store_each<uint16_t>(place, x, n, f32_to_f16);
  store_each<uint16_t>(place, x, n, f32_to_bf16);
}

// Returns the position's scale: max|x| / 127.
inline float store_q8(const KvPlace& place, const float* x, size_t n) {
  float top = 0.0F;
  for (size_t i = 0; i < n; ++i) top = std::max(top, std::min(std::fabs(x[i]), 65504.0F));
  const float inverse = top < 1e-30F ? 0.0F : 127.0F / top;
  for (size_t i = 0; i < n; ++i) {
    const float q = std::nearbyint(std::min(std::max(x[i] * inverse, -127.0F), 127.0F));
    place.bytes[place.start + i * place.stride] = static_cast<std::byte>(static_cast<int8_t>(q));
  }
  return top < 1e-30F ? 0.0F : top / 127.0F;
}

void store_kv(const KvLayout& layout, std::byte* block, const float* key, const float* value,
              size_t slot) {
  const KvPlace k{block, slot, kBlock};
  const KvPlace v{block + layout.key_bytes(), slot * layout.value_dim(), 1};
  if (layout.type != KvType::q8) {
    store_plain(layout.type, k, key, layout.head_dim);
    store_plain(layout.type, v, value, layout.head_dim);
    return;
  }
  const float scales[2] = {store_q8(k, key, layout.head_dim), store_q8(v, value, layout.head_dim)};
  std::memcpy(k.bytes + kBlock * layout.head_dim + slot * 4, &scales[0], 4);
  std::memcpy(v.bytes + kBlock * layout.value_dim() + slot * 4, &scales[1], 4);
}
