// What the machine can do at most with this instruction set: loops of nothing but the instruction
// in question, on registers. Each gives the number of operations (a multiplication or an addition)
// that it did. The sums are added up at the end, and begun in unrolled loops, for else the compiler
// leaves them in memory; they begin with different numbers, for else it keeps one for all.

template <class T>
inline void keep(const T& value) {
  asm volatile("" : : "m"(value) : "memory");
}

// Chains enough to hide the latency of a dot product, few enough for the registers.
double int8_probe(size_t rounds) {
  alignas(64) const int8_t some[64] = {1, -2, 3, -4, 5, 6};
  const int8_t* numbers = some;
  asm volatile("" : "+r"(numbers));  // the compiler knows their values no more
  B w = b_load(numbers);
  I sums[kProbeChains];
#pragma GCC unroll 12
  for (int i = 0; i < kProbeChains; ++i) sums[i] = i_set(0);
  for (size_t n = 0; n < rounds; ++n) {
    b_forget(w);  // else the products would be done only once
#pragma GCC unroll 12
    for (int i = 0; i < kProbeChains; ++i) sums[i] = i_probe(sums[i], w, numbers + 4 * i);
  }
  I total = sums[0];
#pragma GCC unroll 12
  for (int i = 1; i < kProbeChains; ++i) total = i_add(total, sums[i]);
  keep(total);
  return static_cast<double>(rounds) * kProbeChains * 64 * 2;
}

double f32_probe(size_t rounds) {
  alignas(64) float begin[16 * kProbeChains];
  for (int i = 0; i < 16 * kProbeChains; ++i) begin[i] = 1e-3F * static_cast<float>(i);
  const F x = f_set(1.0F + 1e-7F);
  F sums[kProbeChains];
#pragma GCC unroll 12
  for (int i = 0; i < kProbeChains; ++i) sums[i] = f_load(begin + 16 * i);
  for (size_t n = 0; n < rounds; ++n) {
#pragma GCC unroll 12
    for (int i = 0; i < kProbeChains; ++i) sums[i] = f_fma(sums[i], x, x);
  }
  F total = sums[0];
#pragma GCC unroll 12
  for (int i = 1; i < kProbeChains; ++i) total = f_add(total, sums[i]);
  keep(total);
  return static_cast<double>(rounds) * kProbeChains * 16 * 2;
}

// Reads whole lines, asking `ahead` bytes in advance (0 = leaving that to the processor).
void read_probe(const std::byte* data, size_t bytes, size_t ahead) {
  B all[4] = {b_set(0), b_set(0), b_set(0), b_set(0)};
  for (size_t at = 0; at + 256 <= bytes; at += 256) {
    for (size_t i = 0; i < 4; ++i) {
      if (ahead > 0) prefetch(data + at + ahead + 64 * i);
      all[i] = b_or(all[i], b_load(data + at + 64 * i));
    }
  }
  keep(all);
}
