// Ops on one row of numbers: norms, activations, rotation, quantisation.

// out = x / sqrt(mean(x²) + ε) · weight            Zhang and Sennrich, 2019
void rms_norm(const NormArgs& a, const float* x, float* out) {
  F squares = f_set(0.0F);
  for (size_t i = 0; i < a.cols; i += 16) {
    const F v = load_upto(x + i, a.cols - i);
    squares = f_fma(v, v, squares);
  }
  const float mean = f_sum(squares) / static_cast<float>(a.cols);
  const F inverse = f_set(1.0F / std::sqrt(mean + a.epsilon));
  map_row(out, a.cols, [&](size_t i, size_t n) {
    return f_mul(f_mul(load_upto(x + i, n), inverse), load_upto(a.weight + i, n));
  });
}

// out = (x − mean) / sqrt(variance + ε) · weight + bias      Ba, Kiros and Hinton, 2016
void layer_norm(const NormArgs& a, const float* x, float* out) {
  F sum = f_set(0.0F);
  for (size_t i = 0; i < a.cols; i += 16) sum = f_add(sum, load_upto(x + i, a.cols - i));
  const float count = static_cast<float>(a.cols);
  const F mean = f_set(f_sum(sum) / count);
  map_row(out, a.cols, [&](size_t i, size_t n) { return f_sub(load_upto(x + i, n), mean); });
  F squares = f_set(0.0F);
  for (size_t i = 0; i < a.cols; i += 16) {
    const F v = load_upto(out + i, a.cols - i);
    squares = f_fma(v, v, squares);
  }
  const F inverse = f_set(1.0F / std::sqrt(f_sum(squares) / count + a.epsilon));
  map_row(out, a.cols, [&](size_t i, size_t n) {
    const F v = f_mul(f_mul(load_upto(out + i, n), inverse), load_upto(a.weight + i, n));
    return a.bias == nullptr ? v : f_add(v, load_upto(a.bias + i, n));
  });
}

void rope(float* head, const float* cos, const float* sin, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    const size_t left = n - i;
    const F c = load_upto(cos + i, left);
    const F s = load_upto(sin + i, left);
    const F x = load_upto(head + i, left);
    const F y = load_upto(head + n + i, left);
    store_upto(head + i, f_sub(f_mul(x, c), f_mul(y, s)), left);
    store_upto(head + n + i, f_fma(x, s, f_mul(y, c)), left);
  }
}

void silu_mul(const float* gate, const float* up, float* out, size_t n) {
  map_row(out, n, [&](size_t i, size_t left) {
    return f_mul(f_silu(load_upto(gate + i, left)), load_upto(up + i, left));
  });
}
void gelu_mul(const float* gate, const float* up, float* out, size_t n) {
  map_row(out, n, [&](size_t i, size_t left) {
    return f_mul(f_gelu_tanh(load_upto(gate + i, left)), load_upto(up + i, left));
  });
}
void relu_squared(const float* x, float* out, size_t n) {
  map_row(out, n, [&](size_t i, size_t left) {
    const F v = f_max(load_upto(x + i, left), f_set(0.0F));
    return f_mul(v, v);
  });
}
void add(const float* x, float* out, size_t n) {
  map_row(out, n, [&](size_t i, size_t left) {
    return f_add(load_upto(out + i, left), load_upto(x + i, left));
  });
}
void axpy(float a, const float* x, float* out, size_t n) {
  map_row(out, n, [&](size_t i, size_t left) {
    return f_fma(f_set(a), load_upto(x + i, left), load_upto(out + i, left));
  });
}
void scale(float a, float* x, size_t n) {
  map_row(x, n, [&](size_t i, size_t left) { return f_mul(f_set(a), load_upto(x + i, left)); });
}

void softmax(float* x, size_t n) {
  float top = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < n; ++i) top = x[i] > top ? x[i] : top;
  F sum = f_set(0.0F);
  for (size_t i = 0; i < n; i += 16) {
    const F e = f_exp(f_sub(load_upto(x + i, n - i), f_set(top)));
    store_upto(x + i, e, n - i);
    sum = f_add(sum, load_upto(x + i, n - i));
  }
  scale(1.0F / f_sum(sum), x, n);
}

// One block of 32: see activations.h. A block too small to have a scale is zero; one with a number
// that is none (NaN, ±∞) has the scale NaN, so that its products are NaN and are noticed.
inline void quantize_block(const Activations& a, size_t at, int8_t* quants) {
  const F x = f_load(a.values + at);
  const F y = f_load(a.values + at + 16);
  const bool unfit = f_has_nan(f_mul(f_add(x, y), f_set(0.0F)));
  const float top = f_top(f_max(f_abs(x), f_abs(y)));
  const bool small = top < 1e-30F;
  const F inverse = f_set(small ? 0.0F : 127.0F / top);
  const float fit_scale = small ? 0.0F : top / 127.0F;
  const float scale_of_block = unfit ? std::numeric_limits<float>::quiet_NaN() : fit_scale;
  const F lowest = f_set(-127.0F);
  const F highest = f_set(127.0F);
  const I p = i_from(f_min(f_max(f_mul(x, inverse), lowest), highest));
  const I q = i_from(f_min(f_max(f_mul(y, inverse), lowest), highest));
  i_store_i8(quants, p);
  i_store_i8(quants + 16, q);
  const size_t block = at / kBlock;
  int32_t sums[2];
  i_sums(p, q, sums);
  a.scale[block] = scale_of_block;
  a.bias[block] = -kBias * (sums[0] + sums[1]);
  a.offset[block] = scale_of_block * static_cast<float>(sums[0] + sums[1]);
  for (size_t half = 0; half < 2; ++half) {
    a.bias_half[2 * block + half] = -kHalfBias * sums[half];
    a.offset_half[2 * block + half] = scale_of_block * static_cast<float>(sums[half]);
  }
}

inline void round_row(const Activations& a, size_t row) {
  const float* x = a.values + row * a.cols;
  uint16_t* out = a.halves + row * a.half_stride();
  for (size_t i = 0; i < a.cols; ++i) out[i] = bf16_without_small(f32_to_bf16(x[i]));
  for (size_t i = a.cols; i % kBlock != 0; ++i) out[i] = 0;
}

void quantize(const Activations& a, Range rows) {
  if (a.quants != nullptr) {
    for (size_t row = rows.begin; row < rows.end; ++row) {
      for (size_t i = 0; i < a.cols; i += kBlock)
        quantize_block(a, row * a.cols + i, a.quants + row * a.quant_stride() + i);
    }
  }
  if (a.halves != nullptr) {
    for (size_t row = rows.begin; row < rows.end; ++row) round_row(a, row);
  }
}
