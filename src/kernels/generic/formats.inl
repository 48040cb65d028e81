// The packed weight formats (packed.h), as the matmul sees a unit of 32 inputs × 16 rows: scales(),
// one pair of 16-lane d and m for each sub-block, and values(), eight vectors of unsigned bytes.
//   kSubs    sub-blocks in a unit, each with its own scale (2: every 16 inputs)
//   kZero    values are stored as w + kZero, a power of two, or 0
//   kMins    a minimum m is added: w·d + m
// Their values have kBits bits, or eight where they come out of a table (kZero is 128 then).

// The value tables, offset by 128: IQ4_NL's non-linear levels (ggml-common.h, kvalues_iq4nl), and
// twice E2M1's 0, ½, 1, 1½, 2, 3, 4, 6 with the sign in bit 3 (OCP Microscaling
// Formats 1.0, 5.3.3).
constexpr uint8_t kIq4Table[16] = {1,   24,  45,  63,  79,  93,  106, 118,
                                   129, 141, 153, 166, 181, 197, 217, 241};
constexpr uint8_t kMxfp4Table[16] = {128, 129, 130, 131, 132, 134, 136, 140,
                                     128, 127, 126, 125, 124, 122, 120, 116};

// Weights that are needed soon, where the processor does not see it by itself. Only the first rows
// ask: the others find them in the cache.
inline void prefetch_weights(const std::byte* at, size_t bytes, size_t ahead) {
  if (ahead == 0) return;
#pragma GCC unroll 16
  for (size_t line = 0; line < bytes; line += 64) prefetch(at + ahead + line);
}

struct FormatBF16 {};

template <class Format>
constexpr int kValueBits = Format::kZero == 128 ? 8 : int{Format::kBits};

// Bits of each byte moved left by n, or right by −n; those that come from a byte's neighbour are
// the caller's to mask off.
template <int n>
inline B b_move(B x) {
  if constexpr (n > 0) {
    return b_shl<n>(x);
  } else if constexpr (n < 0) {
    return b_shr<-n>(x);
  } else {
    return x;
  }
}
// Two bits of a value each, at `shift` of the byte, into w.
template <int shift>
inline void add_pairs(const std::byte* p, B* w) {
  const B mask = b_set(3 << shift);
  for (size_t v = 0; v < 2; ++v) {
    const B t = b_load(p + 64 * v);
    w[v] = b_or_masked(w[v], b_move<shift>(t), mask);
    w[v + 2] = b_or_masked(w[v + 2], b_move<shift - 2>(t), mask);
    w[v + 4] = b_or_masked(w[v + 4], b_move<shift - 4>(t), mask);
    w[v + 6] = b_or_masked(w[v + 6], b_move<shift - 6>(t), mask);
  }
}
template <int shift>
inline void add_top_bits(const std::byte* p, B* w) {
  const B bit = b_set(1 << shift);
  const B h = b_load(p);
  w[0] = b_or_masked(w[0], b_move<shift>(h), bit);
  w[1] = b_or_masked(w[1], b_move<shift - 1>(h), bit);
  w[2] = b_or_masked(w[2], b_move<shift - 2>(h), bit);
  w[3] = b_or_masked(w[3], b_move<shift - 3>(h), bit);
  w[4] = b_or_masked(w[4], b_move<shift - 4>(h), bit);
  w[5] = b_or_masked(w[5], b_move<shift - 5>(h), bit);
  w[6] = b_or_masked(w[6], b_move<shift - 6>(h), bit);
  w[7] = b_or_masked(w[7], b_move<shift - 7>(h), bit);
}

template <int bits>
inline void load_planes(const std::byte* p, B* w) {
  if constexpr (bits == 8) {
    for (size_t g = 0; g < 8; ++g) w[g] = b_load(p + 64 * g);
    return;
  }
  if constexpr (bits >= 4 && bits < 8) {
    const B mask = b_set(15);
    for (size_t g = 0; g < 4; ++g) {
      const B n = b_load(p + 64 * g);
      w[g] = b_and(n, mask);
      w[g + 4] = b_and(b_shr<4>(n), mask);
    }
  } else {
    for (size_t g = 0; g < 8; ++g) w[g] = b_set(0);
    add_pairs<0>(p, w);
  }
  if constexpr (bits == 6) add_pairs<4>(p + 256, w);
  if constexpr (bits == 5) add_top_bits<4>(p + 256, w);
  if constexpr (bits == 3) add_top_bits<2>(p + 128, w);
}

struct UnitScales {
  F d[2], m[2];
};

// d (and m) as f16 vectors in each unit: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL; bf16 for MXFP4.
template <int bits, bool mins, int zero = 0>
struct SimpleFormat {
  static constexpr size_t kUnits = 1, kHeader = 0, kScale = mins ? 64 : 32, kBits = bits;
  static constexpr int kSubs = 1, kZero = zero;
  static constexpr bool kMins = mins;
  static void scales(const std::byte*, const std::byte* unit, UnitScales& s) {
    s.d[0] = f_load_f16(unit);
    if constexpr (mins) s.m[0] = f_load_f16(unit + 32);
  }
};

inline void load_table(const std::byte* p, const uint8_t* table, B* w) {
  load_planes<4>(p, w);
  for (size_t g = 0; g < 8; ++g) w[g] = b_table(table, w[g]);
}

struct FormatQ8_0 : SimpleFormat<8, false, 128> {
  static void values(const std::byte* p, B* w) { load_planes<8>(p, w); }
};
struct FormatQ4_0 : SimpleFormat<4, false, 8> {
  static void values(const std::byte* p, B* w) { load_planes<4>(p, w); }
};
struct FormatQ4_1 : SimpleFormat<4, true> {
  static void values(const std::byte* p, B* w) { load_planes<4>(p, w); }
};
struct FormatQ5_0 : SimpleFormat<5, false, 16> {
  static void values(const std::byte* p, B* w) { load_planes<5>(p, w); }
};
struct FormatQ5_1 : SimpleFormat<5, true> {
  static void values(const std::byte* p, B* w) { load_planes<5>(p, w); }
};
struct FormatIQ4_NL : SimpleFormat<4, false, 128> {
  static void values(const std::byte* p, B* w) { load_table(p, kIq4Table, w); }
};
struct FormatMXFP4 : SimpleFormat<4, false, 128> {
  static void scales(const std::byte*, const std::byte* unit, UnitScales& s) {
    s.d[0] = f_load_bf16(unit);
  }
  static void values(const std::byte* p, B* w) { load_table(p, kMxfp4Table, w); }
};

// Superblocks of 256 with f16 d and dmin over small integer scales.
template <int bits, bool mins, int subs, int zero = 0>
struct SuperFormat {
  static constexpr size_t kUnits = 8, kHeader = mins ? 64 : 32, kBits = bits;
  static constexpr int kSubs = subs, kZero = zero;
  static constexpr bool kMins = mins;
};

template <int bits>  // Q4_K, Q5_K: u8 scale and u8 min for each 32
struct KFormat : SuperFormat<bits, true, 1> {
  static constexpr size_t kScale = 32;
  static void scales(const std::byte* header, const std::byte* unit, UnitScales& s) {
    s.d[0] = f_mul(f_load_f16(header), f_load_u8(unit));
    const F m = f_mul(f_load_f16(header + 32), f_load_u8(unit + 16));
    s.m[0] = f_sub(f_set(0.0F), m);
  }
  static void values(const std::byte* p, B* w) { load_planes<bits>(p, w); }
};
using FormatQ4_K = KFormat<4>;
using FormatQ5_K = KFormat<5>;

struct FormatQ2_K : SuperFormat<2, true, 2> {  // a byte for each 16: scale low, min high
  static constexpr size_t kScale = 32;
  static void scales(const std::byte* header, const std::byte* unit, UnitScales& s) {
    const F d = f_load_f16(header);
    const F dmin = f_load_f16(header + 32);
    for (size_t i = 0; i < 2; ++i) {
      alignas(16) uint8_t low[16];
      alignas(16) uint8_t high[16];
      for (size_t row = 0; row < 16; ++row) {
        low[row] = std::to_integer<uint8_t>(unit[16 * i + row]) & 15;
        high[row] = std::to_integer<uint8_t>(unit[16 * i + row]) >> 4;
      }
      s.d[i] = f_mul(d, f_load_u8(low));
      s.m[i] = f_sub(f_set(0.0F), f_mul(dmin, f_load_u8(high)));
    }
  }
  static void values(const std::byte* p, B* w) { load_planes<2>(p, w); }
};

template <int bits, int zero>  // Q3_K, Q6_K: s8 scale for each 16
struct KFormat16 : SuperFormat<bits, false, 2, zero> {
  static constexpr size_t kScale = 32;
  static void scales(const std::byte* header, const std::byte* unit, UnitScales& s) {
    const F d = f_load_f16(header);
    s.d[0] = f_mul(d, f_load_i8(unit));
    s.d[1] = f_mul(d, f_load_i8(unit + 16));
  }
  static void values(const std::byte* p, B* w) { load_planes<bits>(p, w); }
};
using FormatQ3_K = KFormat16<3, 4>;
using FormatQ6_K = KFormat16<6, 32>;

struct FormatIQ4_XS : SuperFormat<4, false, 1, 128> {  // s8 scale for each 32
  static constexpr size_t kScale = 16;
  static void scales(const std::byte* header, const std::byte* unit, UnitScales& s) {
    s.d[0] = f_mul(f_load_f16(header), f_load_i8(unit));
  }
  static void values(const std::byte* p, B* w) { load_table(p, kIq4Table, w); }
};
