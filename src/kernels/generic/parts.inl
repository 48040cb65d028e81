// Rows whose length is no multiple of 16: the last vector is loaded and stored in part.

// The first n < 16 numbers, zeros behind.
inline F load_part(const float* p, size_t n) {
  alignas(64) float lanes[16] = {};
  std::memcpy(lanes, p, n * sizeof(float));
  return f_load(lanes);
}
inline void store_part(float* p, F x, size_t n) {
  alignas(64) float lanes[16];
  f_store(lanes, x);
  std::memcpy(p, lanes, n * sizeof(float));
}
inline F load_upto(const float* p, size_t n) { return n >= 16 ? f_load(p) : load_part(p, n); }
inline void store_upto(float* p, F x, size_t n) {
  if (n >= 16)
    f_store(p, x);
  else
    store_part(p, x, n);
}

// out[i] = f(i) for each vector starting at i
template <class Function>
inline void map_row(float* out, size_t n, Function f) {
  for (size_t i = 0; i < n; i += 16) store_upto(out + i, f(i, n - i), n - i);
}
