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

// A row's outputs of one panel, into their place or added to what lies there.
inline void store_outputs(const Matmul& op, size_t panel, size_t row, F value) {
  const size_t at = panel * kPanelRows;
  const size_t count = op.weights->rows - at;
  float* out = op.out + row * op.stride + at;
  if (op.add) value = f_add(load_upto(out, count), value);
  store_upto(out, value, count);
}

// Panels that are taken together: rows, of which a tile's stay in the first-level cache, meet them
// all, and they stay in a quarter of a second-level cache of 1 MiB until all rows have come by.
inline Range next_group(const Matmul& op, Range panels) {
  constexpr size_t kGroupBytes = 256 << 10;
  const size_t count = std::max(kGroupBytes / op.weights->panel_bytes, size_t{1});
  return {panels.begin, std::min(panels.begin + count, panels.end)};
}
