#pragma once
// The quantized blocks as they lie in a file, little-endian, without padding. Layouts and the
// formula of each value: docs/formats/quants.md.
//
// One rule places the small codes of every format. `Planes<bits, width>`: a run of `width` bytes
// holds 8/bits planes of `width` codes each, the first plane in the lowest bits. So code i is in
//   byte  (i / (width · 8/bits)) · width + i % width,   bits from  ((i / width) % (8/bits)) · bits.
// Example: Planes<4, 16> over 16 bytes: codes 0…15 in the low nibbles, codes 16…31 in the high
// ones.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mill {

template <unsigned kBits, size_t kWidth>
struct Planes {
  static constexpr size_t kPlanes = 8 / kBits;
  static constexpr unsigned kMask = (1U << kBits) - 1;
  static constexpr size_t byte_of(size_t i) { return i / (kWidth * kPlanes) * kWidth + i % kWidth; }
  static constexpr unsigned shift_of(size_t i) {
    return static_cast<unsigned>(i / kWidth % kPlanes) * kBits;
  }
  static constexpr unsigned get(std::span<const uint8_t> bytes, size_t i) {
    return (static_cast<unsigned>(bytes[byte_of(i)]) >> shift_of(i)) & kMask;
  }
  // Bits must be clear beforehand.
  static constexpr void put(std::span<uint8_t> bytes, size_t i, unsigned code) {
    uint8_t& byte = bytes[byte_of(i)];
    byte = static_cast<uint8_t>(byte | ((code & kMask) << shift_of(i)));
  }
};

inline constexpr size_t kBlock = 32;        // values in a simple block
inline constexpr size_t kSuperBlock = 256;  // values in a K-quant's or IQ4_XS's super-block

struct BlockQ4_0 {
  uint16_t scale;  // f16
  std::array<uint8_t, 16> codes;
  using Codes = Planes<4, 16>;
};

struct BlockQ4_1 {
  uint16_t scale, min;  // f16
  std::array<uint8_t, 16> codes;
  using Codes = Planes<4, 16>;
};

struct BlockQ5_0 {
  uint16_t scale;                 // f16
  std::array<uint8_t, 4> high;    // bit 4 of each code
  std::array<uint8_t, 16> codes;  // bits 0…3
  using Codes = Planes<4, 16>;
  using High = Planes<1, 1>;
};

struct BlockQ5_1 {
  uint16_t scale, min;  // f16
  std::array<uint8_t, 4> high;
  std::array<uint8_t, 16> codes;
  using Codes = Planes<4, 16>;
  using High = Planes<1, 1>;
};

struct BlockQ8_0 {
  uint16_t scale;  // f16
  std::array<int8_t, 32> codes;
};

struct BlockQ2_K {
  std::array<uint8_t, 16> scales;  // of 16 values each: scale in the low nibble, min in the high
  std::array<uint8_t, 64> codes;
  uint16_t scale, min;  // f16; of the scales and of the mins
  using Codes = Planes<2, 32>;
};

struct BlockQ3_K {
  std::array<uint8_t, 32> high;    // bit 2 of each code
  std::array<uint8_t, 64> codes;   // bits 0…1
  std::array<uint8_t, 12> scales;  // 16 of 6 bits: low nibbles in 8 bytes, upper pairs in 4
  uint16_t scale;                  // f16
  using Codes = Planes<2, 32>;
  using High = Planes<1, 32>;
  using ScaleLow = Planes<4, 8>;
  using ScaleHigh = Planes<2, 4>;
};

struct BlockQ4_K {
  uint16_t scale, min;             // f16; of the scales and of the mins
  std::array<uint8_t, 12> scales;  // 8 scales and 8 mins of 6 bits (ScaleMin below)
  std::array<uint8_t, 128> codes;
  using Codes = Planes<4, 32>;
};

struct BlockQ5_K {
  uint16_t scale, min;             // f16
  std::array<uint8_t, 12> scales;  // as in Q4_K
  std::array<uint8_t, 32> high;    // bit 4 of each code
  std::array<uint8_t, 128> codes;  // bits 0…3
  using Codes = Planes<4, 32>;
  using High = Planes<1, 32>;
};

struct BlockQ6_K {
  std::array<uint8_t, 128> codes;  // bits 0…3
  std::array<uint8_t, 64> high;    // bits 4…5
  std::array<int8_t, 16> scales;   // of 16 values each
  uint16_t scale;                  // f16
  using Codes = Planes<4, 64>;
  using High = Planes<2, 32>;
};

struct BlockIQ4_NL {
  uint16_t scale;                 // f16
  std::array<uint8_t, 16> codes;  // into kIq4Values
  using Codes = Planes<4, 16>;
};

struct BlockIQ4_XS {
  uint16_t scale;                     // f16
  std::array<uint8_t, 2> scale_high;  // bits 4…5 of 8 scales
  std::array<uint8_t, 4> scale_low;   // bits 0…3
  std::array<uint8_t, 128> codes;     // into kIq4Values
  using Codes = Planes<4, 16>;
  using ScaleLow = Planes<4, 1>;
  using ScaleHigh = Planes<2, 1>;
};

struct BlockMXFP4 {
  uint8_t exponent;               // E8M0: a power of two, biased by 127
  std::array<uint8_t, 16> codes;  // E2M1, sign in bit 3
  using Codes = Planes<4, 16>;
};

// Q4_K and Q5_K: scale j and min j of a super-block, 6 bits each in 12 bytes. The first four of
// each lie in the low 6 bits of bytes 0…3 and 4…7; the others have their low nibbles in bytes 8…11
// and their upper two bits in what the first eight bytes left over.
struct ScaleMin {
  unsigned scale, min;
};
constexpr ScaleMin scale_min(const std::array<uint8_t, 12>& s, size_t j) {
  if (j < 4) return {s[j] & 63U, s[j + 4] & 63U};
  return {(s[j + 4] & 15U) | ((s[j - 4] & 0xC0U) >> 2),
          (static_cast<unsigned>(s[j + 4]) >> 4) | ((s[j] & 0xC0U) >> 2)};
}

// The sixteen steps of IQ4_NL and IQ4_XS, denser around zero, as weights are (ggml-common.h).
inline constexpr std::array<int8_t, 16> kIq4Values = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                      1,    13,   25,  38,  53,  69,  89,  113};

// E2M1 times two, to be whole (OCP Microscaling Formats 1.0, table 5.3.3).
inline constexpr std::array<int8_t, 16> kE2M1Doubled = {0, 1,  2,  3,  4,  6,  8,  12,
                                                        0, -1, -2, -3, -4, -6, -8, -12};

// Half of the power of two that an E8M0 byte stands for: 2^(exponent − 128), subnormal for 0 and 1.
constexpr float e8m0_half(uint8_t exponent) {
  const uint32_t bits = exponent < 2 ? 0x00200000U << exponent : (exponent - 1U) << 23;
  return std::bit_cast<float>(bits);
}

}  // namespace mill
