// Dot products without an instruction for them. vpmaddubsw adds two u8·s8 products into 16 bits and
// saturates, so what is multiplied must be small: of values of 8 bits each half by itself. Then
// several groups' sums fit into 16 bits, and are widened once.

template <int bits>
constexpr size_t kVectors = bits == 8 ? 16 : 8;

// The low halves stay, the high ones follow them.
template <int bits>
inline void split_values(B* w) {
  if constexpr (bits == 8) {
    const B low = b_set(15);
    for (size_t g = 0; g < 8; ++g) {
      w[g + 8] = b_and(b_shr<4>(w[g]), low);
      w[g] = b_and(w[g], low);
    }
  }
}

// So many groups' products, two each, of at most ±(2^bits − 1)·128, fit into 16 bits.
template <int bits>
constexpr size_t kRun = 32767 / (2 * 128 * ((1 << (bits == 8 ? 4 : bits)) - 1));

// Rows that take turns: sums in 16 bits, values and inputs of so many fit into the sixteen
// registers, but not those of a whole tile.
template <int bits>
constexpr int kTurns = bits <= 4 ? 4 : 2;
constexpr bool kSumsInRegisters = false;
// The more bits, the more it pays to take a unit apart for more rows.
template <int bits>
constexpr int kDotRows = bits <= 4 ? 4 : 8;

inline __m256i four_inputs(const int8_t* q) {
  int32_t four;
  std::memcpy(&four, q, sizeof four);
  return _mm256_set1_epi32(four);
}
// In this order: the compiler would make all products first, and have no registers for them.
inline I add_pairs(I run, B w, __m256i x) {
  run.a = _mm256_add_epi16(run.a, _mm256_maddubs_epi16(w.a, x));
  run.b = _mm256_add_epi16(run.b, _mm256_maddubs_epi16(w.b, x));
  asm volatile("" : "+x"(run.a), "+x"(run.b));
  return run;
}
inline I add_widened(I sum, I run, int16_t weight) {
  const __m256i weights = _mm256_set1_epi16(weight);
  return {_mm256_add_epi32(sum.a, _mm256_madd_epi16(run.a, weights)),
          _mm256_add_epi32(sum.b, _mm256_madd_epi16(run.b, weights))};
}

// sums[r] += Σ w·q over `count` groups of four inputs, for N rows that lie `stride` bytes apart.
template <int bits, size_t first, size_t count, int N>
inline void i_dots(I (&sums)[N], const B* w, const int8_t* q, size_t stride) {
  constexpr size_t kGroups = std::min(kRun<bits>, count);
  static_assert(count % kGroups == 0);
#pragma GCC unroll 4
  for (size_t begin = first; begin < first + count; begin += kGroups) {
    I low[N], high[N];
#pragma GCC unroll 4
    for (size_t r = 0; r < N; ++r) low[r] = high[r] = i_set(0);
#pragma GCC unroll 8
    for (size_t g = begin; g < begin + kGroups; ++g) {
#pragma GCC unroll 4
      for (size_t r = 0; r < N; ++r) {
        const __m256i x = four_inputs(q + r * stride + 4 * g);
        low[r] = add_pairs(low[r], w[g], x);
        if constexpr (bits == 8) high[r] = add_pairs(high[r], w[g + 8], x);
      }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < N; ++r) {
      sums[r] = add_widened(sums[r], low[r], 1);
      if constexpr (bits == 8) sums[r] = add_widened(sums[r], high[r], 16);
    }
  }
}

// What the probe counts as the machine's limit: products that never have to be widened.
inline I i_probe(I sum, B w, const int8_t* q) { return add_pairs(sum, w, four_inputs(q)); }
