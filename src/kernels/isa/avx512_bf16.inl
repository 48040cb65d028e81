// AVX-512 BF16's dot product (Cooper Lake, Sapphire Rapids, Zen 4 and later).

// lane i += w[2i+1]·x[1], then w[2i]·x[0]
inline F f_pair_dot(F sum, B w, const uint16_t* x) {
  int32_t pair;
  std::memcpy(&pair, x, sizeof pair);
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(w.v),
                          reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair)));
}
