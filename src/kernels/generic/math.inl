// exp and tanh on 16 lanes, from operations that every instruction set rounds alike.

// e^x = 2^n · e^r with n = round(x/ln 2), |r| ≤ ln2/2; ln 2 is split in two so that r is exact to
// about 2⁻³³ (Cody and Waite), and e^r is Cephes' expf polynomial (error below 2 ulp). Below −87.3
// the result is 0, so that a masked score of −∞ weighs exactly nothing.
inline F f_exp(F x) {
  const F low = f_set(-87.3F);
  const F clamped = f_min(f_max(x, low), f_set(88.3F));
  const F n = f_round(f_mul(clamped, f_set(1.44269504088896341F)));
  F r = f_fma(n, f_set(-0.693359375F), clamped);
  r = f_fma(n, f_set(2.12194440e-4F), r);
  F p = f_set(1.9875691500e-4F);
  p = f_fma(p, r, f_set(1.3981999507e-3F));
  p = f_fma(p, r, f_set(8.3334519073e-3F));
  p = f_fma(p, r, f_set(4.1665795894e-2F));
  p = f_fma(p, r, f_set(1.6666665459e-1F));
  p = f_fma(p, r, f_set(5.0000001201e-1F));
  p = f_fma(p, f_mul(r, r), f_add(r, f_set(1.0F)));
  return f_keep_if_ge(x, low, f_mul(p, f_pow2(i_from(n))));
}

// tanh x = 1 − 2/(e^2x + 1)
inline F f_tanh(F x) {
  const F e = f_exp(f_add(x, x));
  return f_sub(f_set(1.0F), f_div(f_set(2.0F), f_add(e, f_set(1.0F))));
}

inline F f_silu(F x) {
  const F e = f_exp(f_sub(f_set(0.0F), x));
  return f_div(x, f_add(f_set(1.0F), e));
}

// 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), Hendrycks and Gimpel's approximation, 2016
inline F f_gelu_tanh(F x) {
  const F inner = f_fma(f_mul(f_mul(x, x), x), f_set(0.044715F), x);
  const F t = f_tanh(f_mul(inner, f_set(0.7978845608028654F)));
  return f_mul(f_mul(f_set(0.5F), x), f_add(f_set(1.0F), t));
}
