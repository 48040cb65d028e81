// Dot products where there is an instruction for them, i_dot(): four u8·s8 products in each lane.

// Of a unit's values, ready to be multiplied.
template <int bits>
constexpr size_t kVectors = 8;
template <int bits>
inline void split_values(B*) {}

// Rows that take turns: a product waits four cycles for the one before it in its own sum.
template <int bits>
constexpr int kTurns = 4;
constexpr bool kSumsInRegisters = true;  // of a tile
template <int bits>
constexpr int kDotRows = kTileRows;

// sums[r] += Σ w·q over `count` groups of four inputs, for N rows that lie `stride` bytes apart.
template <int bits, size_t first, size_t count, int N>
inline void i_dots(I (&sums)[N], const B* w, const int8_t* q, size_t stride) {
#pragma GCC unroll 8
  for (size_t g = first; g < first + count; ++g) {
#pragma GCC unroll 4
    for (size_t r = 0; r < N; ++r) sums[r] = i_dot(sums[r], w[g], q + r * stride + 4 * g);
  }
}

// What the probe counts as the machine's limit.
inline I i_probe(I sum, B w, const int8_t* q) { return i_dot(sum, w, q); }
