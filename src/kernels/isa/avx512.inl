// The 16 lanes as one 512-bit register: AVX-512 F, BW, DQ, VL and VNNI (Ice Lake, Zen 4 and later).

using F = __m512;
using I = __m512i;
struct B {
  __m512i v;
};

inline F f_load(const float* p) { return _mm512_loadu_ps(p); }
inline void f_store(float* p, F a) { _mm512_storeu_ps(p, a); }
inline F f_set(float x) { return _mm512_set1_ps(x); }
inline F f_add(F a, F b) { return _mm512_add_ps(a, b); }
inline F f_sub(F a, F b) { return _mm512_sub_ps(a, b); }
inline F f_mul(F a, F b) { return _mm512_mul_ps(a, b); }
inline F f_div(F a, F b) { return _mm512_div_ps(a, b); }
inline F f_fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
inline F f_max(F a, F b) { return _mm512_max_ps(a, b); }
inline F f_min(F a, F b) { return _mm512_min_ps(a, b); }
inline F f_abs(F a) { return _mm512_abs_ps(a); }
inline F f_round(F a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline F f_keep_if_ge(F a, F b, F y) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, b, _CMP_GE_OQ), y);
}
inline bool f_has_nan(F a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q) != 0; }
inline float f_sum(F a) {
  const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  four = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}
inline float f_top(F a) {
  const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  four = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

inline F f_load_f16(const void* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
}
inline F f_load_bf16(const void* p) {
  const __m256i bits = _mm256_loadu_si256(static_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
// Of 16 pairs of bf16, the first and the second of each.
inline F f_load_even_bf16(const void* p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16));
}
inline F f_load_odd_bf16(const void* p) {
  const __m512i high = _mm512_set1_epi32(static_cast<int>(0xFFFF0000U));
  return _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), high));
}
inline F f_load_u8(const void* p) {
  const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(p));
  return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}
inline F f_load_i8(const void* p) {
  const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(p));
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
}
inline void f_store_f16(void* p, F a) {
  _mm256_storeu_si256(static_cast<__m256i*>(p), _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}

inline void store_sums(__m256i fours, int32_t (&sums)[2]) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1));
  s = _mm_hadd_epi32(s, s);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(sums), s);
}
inline I i_set(int32_t x) { return _mm512_set1_epi32(x); }
inline I i_add(I a, I b) { return _mm512_add_epi32(a, b); }
template <int n>
inline I i_shr(I a) {
  return _mm512_srai_epi32(a, n);
}
// The sums of two vectors.
inline void i_sums(I a, I b, int32_t (&sums)[2]) {
  const __m256i x = _mm256_add_epi32(_mm512_castsi512_si256(a), _mm512_extracti32x8_epi32(a, 1));
  const __m256i y = _mm256_add_epi32(_mm512_castsi512_si256(b), _mm512_extracti32x8_epi32(b, 1));
  store_sums(_mm256_hadd_epi32(x, y), sums);
}
inline F f_from(I a) { return _mm512_cvtepi32_ps(a); }
inline I i_from(F a) { return _mm512_cvtps_epi32(a); }
inline F f_pow2(I n) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(n, _mm512_set1_epi32(127)), 23));
}
inline void i_store_i8(int8_t* p, I a) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(a));
}

inline B b_load(const void* p) { return {_mm512_loadu_si512(p)}; }
inline void b_forget(B& x) { asm volatile("" : "+v"(x.v)); }
inline B b_set(uint8_t x) { return {_mm512_set1_epi8(static_cast<char>(x))}; }
inline B b_and(B a, B b) { return {_mm512_and_si512(a.v, b.v)}; }
inline B b_or(B a, B b) { return {_mm512_or_si512(a.v, b.v)}; }
inline B b_add(B a, B b) { return {_mm512_add_epi8(a.v, b.v)}; }
// x | (y & mask): 1 where the index, a bit of x, of y and of the mask, is 3 or at least 4.
inline B b_or_masked(B x, B y, B mask) {
  return {_mm512_ternarylogic_epi32(x.v, y.v, mask.v, 0xF8)};
}
template <int n>
inline B b_shr(B a) {
  return {_mm512_srli_epi16(a.v, n)};
}
template <int n>
inline B b_shl(B a) {
  return {_mm512_slli_epi16(a.v, n)};
}
inline B b_table(const uint8_t* table16, B index) {
  const __m128i table = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table16));
  return {_mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), index.v)};
}

inline I i_dot(I sum, B w, const int8_t* q) {
  int32_t four;
  std::memcpy(&four, q, sizeof four);
  return _mm512_dpbusd_epi32(sum, w.v, _mm512_set1_epi32(four));
}
// Into the second level: the first is too small for what is on its way at a time. As an
// instruction, for g++ 12 takes a function that only prefetches for one without effect, and leaves
// it out.
inline void prefetch(const void* p) {
  asm volatile("prefetcht1 %0" : : "m"(*static_cast<const char*>(p)));
}
