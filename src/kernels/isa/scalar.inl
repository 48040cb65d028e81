// The 16 lanes in plain C++: the specification of the other instruction sets.

struct F {
  float lane[16];
};
struct I {
  int32_t lane[16];
};
struct B {
  uint8_t byte[64];
};

template <class Function>
inline F f_each(Function function) {
  F r;
  for (int i = 0; i < 16; ++i) r.lane[i] = function(i);
  return r;
}
template <class Function>
inline B b_each(Function function) {
  B r;
  for (int i = 0; i < 64; ++i) r.byte[i] = static_cast<uint8_t>(function(i));
  return r;
}

inline F f_load(const float* p) {
  return f_each([=](int i) { return p[i]; });
}
inline void f_store(float* p, F a) { std::memcpy(p, a.lane, sizeof a.lane); }
inline F f_set(float x) {
  return f_each([=](int) { return x; });
}
inline F f_add(F a, F b) {
  return f_each([&](int i) { return a.lane[i] + b.lane[i]; });
}
inline F f_sub(F a, F b) {
  return f_each([&](int i) { return a.lane[i] - b.lane[i]; });
}
inline F f_mul(F a, F b) {
  return f_each([&](int i) { return a.lane[i] * b.lane[i]; });
}
inline F f_div(F a, F b) {
  return f_each([&](int i) { return a.lane[i] / b.lane[i]; });
}
inline F f_fma(F a, F b, F c) {
  return f_each([&](int i) { return std::fma(a.lane[i], b.lane[i], c.lane[i]); });
}
// As maxps and minps: the second operand where either is NaN.
inline F f_max(F a, F b) {
  return f_each([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
}
inline F f_min(F a, F b) {
  return f_each([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
}
inline F f_abs(F a) {
  return f_each([&](int i) { return std::fabs(a.lane[i]); });
}
inline F f_round(F a) {
  return f_each([&](int i) { return std::nearbyint(a.lane[i]); });
}
// y where a ≥ b, else 0
inline F f_keep_if_ge(F a, F b, F y) {
  return f_each([&](int i) { return a.lane[i] >= b.lane[i] ? y.lane[i] : 0.0F; });
}
inline bool f_has_nan(F a) {
  return std::any_of(a.lane, a.lane + 16, [](float x) { return std::isnan(x); });
}
inline float f_sum(F a) {
  for (int n = 8; n > 0; n /= 2) {
    for (int i = 0; i < n; ++i) a.lane[i] += a.lane[i + n];
  }
  return a.lane[0];
}
inline float f_top(F a) {
  for (int n = 8; n > 0; n /= 2) {
    for (int i = 0; i < n; ++i) a.lane[i] = a.lane[i] > a.lane[i + n] ? a.lane[i] : a.lane[i + n];
  }
  return a.lane[0];
}

inline F f_load_f16(const void* p) {
  uint16_t bits[16];
  std::memcpy(bits, p, sizeof bits);
  return f_each([&](int i) { return f16_to_f32(bits[i]); });
}
inline F f_load_bf16(const void* p) {
  uint16_t bits[16];
  std::memcpy(bits, p, sizeof bits);
  return f_each([&](int i) { return std::bit_cast<float>(static_cast<uint32_t>(bits[i]) << 16); });
}
// Of 16 pairs of bf16, the first and the second of each.
inline F f_load_even_bf16(const void* p) {
  uint16_t pairs[32];
  std::memcpy(pairs, p, sizeof pairs);
  return f_each([&](int i) { return bf16_to_f32(pairs[2 * i]); });
}
inline F f_load_odd_bf16(const void* p) {
  uint16_t pairs[32];
  std::memcpy(pairs, p, sizeof pairs);
  return f_each([&](int i) { return bf16_to_f32(pairs[2 * i + 1]); });
}
inline F f_load_u8(const void* p) {
  const auto* bytes = static_cast<const uint8_t*>(p);
  return f_each([=](int i) { return static_cast<float>(bytes[i]); });
}
inline F f_load_i8(const void* p) {
  const auto* bytes = static_cast<const int8_t*>(p);
  return f_each([=](int i) { return static_cast<float>(bytes[i]); });
}
inline void f_store_f16(void* p, F a) {
  uint16_t bits[16];
  for (int i = 0; i < 16; ++i) bits[i] = f32_to_f16(a.lane[i]);
  std::memcpy(p, bits, sizeof bits);
}

inline I i_set(int32_t x) {
  I r;
  for (int32_t& lane : r.lane) lane = x;
  return r;
}
inline I i_add(I a, I b) {
  for (int i = 0; i < 16; ++i) a.lane[i] += b.lane[i];
  return a;
}
template <int n>
inline I i_shr(I a) {
  for (int32_t& lane : a.lane) lane >>= n;
  return a;
}
// The sums of two vectors.
inline void i_sums(I a, I b, int32_t (&sums)[2]) {
  sums[0] = sums[1] = 0;
  for (int i = 0; i < 16; ++i) {
    sums[0] += a.lane[i];
    sums[1] += b.lane[i];
  }
}
inline F f_from(I a) {
  return f_each([&](int i) { return static_cast<float>(a.lane[i]); });
}
// Nearest, ties to even; what does not fit becomes INT_MIN, as cvtps2dq has it.
inline I i_from(F a) {
  I r;
  for (int i = 0; i < 16; ++i) {
    const float x = std::nearbyint(a.lane[i]);
    r.lane[i] = x >= -2147483648.0F && x < 2147483648.0F ? static_cast<int32_t>(x) : INT32_MIN;
  }
  return r;
}
inline F f_pow2(I n) {  // −126 ≤ n ≤ 127
  return f_each(
      [&](int i) { return std::bit_cast<float>(static_cast<uint32_t>(n.lane[i] + 127) << 23); });
}
inline void i_store_i8(int8_t* p, I a) {  // saturates
  for (int i = 0; i < 16; ++i)
    p[i] = static_cast<int8_t>(a.lane[i] < -128 ? -128 : a.lane[i] > 127 ? 127 : a.lane[i]);
}

inline B b_load(const void* p) {
  B r;
  std::memcpy(r.byte, p, sizeof r.byte);
  return r;
}
// Hides from the compiler what the register holds.
inline void b_forget(B& x) { asm volatile("" : "+m"(x)); }
inline B b_set(uint8_t x) {
  return b_each([=](int) { return x; });
}
inline B b_and(B a, B b) {
  return b_each([&](int i) { return a.byte[i] & b.byte[i]; });
}
inline B b_or(B a, B b) {
  return b_each([&](int i) { return a.byte[i] | b.byte[i]; });
}
inline B b_add(B a, B b) {
  return b_each([&](int i) { return a.byte[i] + b.byte[i]; });
}
inline B b_or_masked(B a, B b, B mask) { return b_or(a, b_and(b, mask)); }
template <int n>
inline B b_shr(B a) {
  return b_each([&](int i) { return a.byte[i] >> n; });
}
template <int n>
inline B b_shl(B a) {
  return b_each([&](int i) { return a.byte[i] << n; });
}
inline B b_table(const uint8_t* table16, B index) {
  return b_each([&](int i) { return table16[index.byte[i] & 15]; });
}

// lane i += Σ_j w[4i+j] · q[j], j = 0…3, w unsigned, q signed
inline I i_dot(I sum, B w, const int8_t* q) {
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 4; ++j) sum.lane[i] += w.byte[4 * i + j] * q[j];
  }
  return sum;
}
// lane i += w[2i+1]·x[1], then w[2i]·x[0]
inline F f_pair_dot(F sum, B w, const uint16_t* x) {
  const F odd = f_load_odd_bf16(w.byte);
  const F even = f_load_even_bf16(w.byte);
  return f_fma(even, f_set(bf16_to_f32(x[0])), f_fma(odd, f_set(bf16_to_f32(x[1])), sum));
}
inline void prefetch(const void*) {}
