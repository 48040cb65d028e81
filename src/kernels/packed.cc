#include "kernels/packed.h"

#include <cstring>

#include "base/assert.h"
#include "base/half.h"

namespace mill::kernels {
namespace {

constexpr std::array kLayouts = {
    PackedLayout{DType::F32, 1, 0, 0, 32},     PackedLayout{DType::F16, 1, 0, 0, 16},
    PackedLayout{DType::BF16, 1, 0, 0, 16},    PackedLayout{DType::Q8_0, 1, 0, 32, 8},
    PackedLayout{DType::Q4_0, 1, 0, 32, 4},    PackedLayout{DType::Q4_1, 1, 0, 64, 4},
    PackedLayout{DType::Q5_0, 1, 0, 32, 5},    PackedLayout{DType::Q5_1, 1, 0, 64, 5},
    PackedLayout{DType::Q2_K, 8, 64, 32, 2},   PackedLayout{DType::Q3_K, 8, 32, 32, 3},
    PackedLayout{DType::Q4_K, 8, 64, 32, 4},   PackedLayout{DType::Q5_K, 8, 64, 32, 5},
    PackedLayout{DType::Q6_K, 8, 32, 32, 6},   PackedLayout{DType::IQ4_NL, 1, 0, 32, 4},
    PackedLayout{DType::IQ4_XS, 8, 32, 16, 4}, PackedLayout{DType::MXFP4, 1, 0, 32, 4},
};

// What a file's block says of 32 consecutive inputs of one row.
struct Unit {
  std::array<uint8_t, 32> values;    // as stored: unsigned, before any offset
  std::array<uint16_t, 2> header{};  // f16 d and dmin of the superblock
  std::array<uint16_t, 2> scale{};   // this unit's scale field(s), in the width of the layout
};

using Bytes = const uint8_t*;

uint16_t u16(Bytes p) { return static_cast<uint16_t>(p[0] | p[1] << 8); }

// ggml's Q4_K/Q5_K: eight 6-bit scales and eight 6-bit mins in 12 bytes.
uint16_t k4_scale(Bytes s, size_t i) {
  return static_cast<uint16_t>(i < 4 ? s[i] & 63 : (s[i + 4] & 15) | (s[i - 4] >> 6) << 4);
}
uint16_t k4_min(Bytes s, size_t i) {
  return static_cast<uint16_t>(i < 4 ? s[i + 4] & 63 : s[i + 4] >> 4 | (s[i] >> 6) << 4);
}
// Q3_K: sixteen 6-bit scales in 12 bytes, low nibbles first, offset by 32.
uint16_t k3_scale(Bytes s, size_t i) {
  const int low = i < 8 ? s[i] & 15 : s[i - 8] >> 4;
  const int high = s[8 + i % 4] >> (2 * (i / 4)) & 3;
  return static_cast<uint16_t>((low | high << 4) - 32);
}

uint8_t nibble(Bytes p, size_t i) {  // 16 bytes hold inputs 0…15 low, 16…31 high
  return static_cast<uint8_t>(i < 16 ? p[i] & 15 : p[i - 16] >> 4);
}
uint8_t k_nibble(Bytes p, size_t unit, size_t i) {  // 32 bytes hold units 2n low and 2n+1 high
  return static_cast<uint8_t>(p[unit / 2 * 32 + i] >> (4 * (unit % 2)) & 15);
}
uint8_t k_pair(Bytes p, size_t unit, size_t i) {  // 2 bits: 32 bytes hold four units
  return static_cast<uint8_t>(p[unit / 4 * 32 + i] >> (2 * (unit % 4)) & 3);
}

void read_q8_0(Bytes b, size_t, Unit& u) {
  u.scale[0] = u16(b);
  for (size_t i = 0; i < 32; ++i) u.values[i] = static_cast<uint8_t>(b[2 + i] + 128);
}
void read_q4_0(Bytes b, size_t, Unit& u) {
  u.scale[0] = u16(b);
  for (size_t i = 0; i < 32; ++i) u.values[i] = nibble(b + 2, i);
}
void read_q4_1(Bytes b, size_t, Unit& u) {
  u.scale = {u16(b), u16(b + 2)};
  for (size_t i = 0; i < 32; ++i) u.values[i] = nibble(b + 4, i);
}
void add_fifth_bit(Bytes bits, Unit& u) {
  for (size_t i = 0; i < 32; ++i)
    u.values[i] = static_cast<uint8_t>(u.values[i] | (bits[i / 8] >> i % 8 & 1) << 4);
}
void read_q5_0(Bytes b, size_t, Unit& u) {
  u.scale[0] = u16(b);
  for (size_t i = 0; i < 32; ++i) u.values[i] = nibble(b + 6, i);
  add_fifth_bit(b + 2, u);
}
void read_q5_1(Bytes b, size_t, Unit& u) {
  u.scale = {u16(b), u16(b + 2)};
  for (size_t i = 0; i < 32; ++i) u.values[i] = nibble(b + 8, i);
  add_fifth_bit(b + 4, u);
}
void read_q4_k(Bytes b, size_t unit, Unit& u) {
  u.header = {u16(b), u16(b + 2)};
  u.scale = {k4_scale(b + 4, unit), k4_min(b + 4, unit)};
  for (size_t i = 0; i < 32; ++i) u.values[i] = k_nibble(b + 16, unit, i);
}
void read_q5_k(Bytes b, size_t unit, Unit& u) {
  u.header = {u16(b), u16(b + 2)};
  u.scale = {k4_scale(b + 4, unit), k4_min(b + 4, unit)};
  for (size_t i = 0; i < 32; ++i) {
    const int high = b[16 + i] >> unit & 1;
    u.values[i] = static_cast<uint8_t>(k_nibble(b + 48, unit, i) | high << 4);
  }
}
void read_q6_k(Bytes b, size_t unit, Unit& u) {
  u.header[0] = u16(b + 208);
  u.scale = {b[192 + 2 * unit], b[193 + 2 * unit]};
  for (size_t i = 0; i < 32; ++i) {  // 64 bytes of nibbles hold units 0,1 low and 2,3 high of four
    const int low = b[unit / 4 * 64 + unit % 2 * 32 + i] >> (unit % 4 / 2 * 4) & 15;
    u.values[i] = static_cast<uint8_t>(low | k_pair(b + 128, unit, i) << 4);
  }
}
void read_q2_k(Bytes b, size_t unit, Unit& u) {
  u.header = {u16(b + 80), u16(b + 82)};
  u.scale = {b[2 * unit], b[2 * unit + 1]};
  for (size_t i = 0; i < 32; ++i) u.values[i] = k_pair(b + 16, unit, i);
}
void read_q3_k(Bytes b, size_t unit, Unit& u) {
  u.header[0] = u16(b + 108);
  u.scale = {k3_scale(b + 96, 2 * unit), k3_scale(b + 96, 2 * unit + 1)};
  for (size_t i = 0; i < 32; ++i)
    u.values[i] = static_cast<uint8_t>(k_pair(b + 32, unit, i) | (b[i] >> unit & 1) << 2);
}
void read_iq4_xs(Bytes b, size_t unit, Unit& u) {
  u.header[0] = u16(b);
  const int low = b[4 + unit / 2] >> (4 * (unit % 2)) & 15;
  const int high = u16(b + 2) >> (2 * unit) & 3;
  u.scale[0] = static_cast<uint16_t>((low | high << 4) - 32);
  for (size_t i = 0; i < 32; ++i) u.values[i] = nibble(b + 8 + 16 * unit, i);
}
void read_mxfp4(Bytes b, size_t, Unit& u) {
  // 2^(e−128), half the block's scale since the value table is doubled, is exact in bf16.
  const int e = b[0];
  u.scale[0] = static_cast<uint16_t>(e >= 2 ? (e - 1) << 7 : 0x20 << e);
  for (size_t i = 0; i < 32; ++i) u.values[i] = nibble(b + 1, i);
}

using Reader = void (*)(Bytes block, size_t unit, Unit&);

Reader reader(DType dtype) {
  switch (dtype) {
    case DType::Q8_0:
      return read_q8_0;
    case DType::Q4_0:
      return read_q4_0;
    case DType::Q4_1:
      return read_q4_1;
    case DType::Q5_0:
      return read_q5_0;
    case DType::Q5_1:
      return read_q5_1;
    case DType::Q2_K:
      return read_q2_k;
    case DType::Q3_K:
      return read_q3_k;
    case DType::Q4_K:
      return read_q4_k;
    case DType::Q5_K:
      return read_q5_k;
    case DType::Q6_K:
      return read_q6_k;
    case DType::IQ4_NL:
      return read_q4_0;  // the same block; the values index a table
    case DType::IQ4_XS:
      return read_iq4_xs;
    case DType::MXFP4:
      return read_mxfp4;
    case DType::F32:
    case DType::F16:
    case DType::BF16:
      break;
  }
  ASSERT(false, static_cast<int>(dtype));
  return nullptr;
}

// Writes a row's 32 values of `bits` bits into the planes of a unit that is zeroed before row 0.
void write_values(const Unit& u, size_t bits, size_t row, uint8_t* plane) {
  if (bits == 8) {
    for (size_t g = 0; g < 8; ++g) std::memcpy(plane + 64 * g + 4 * row, &u.values[4 * g], 4);
    return;
  }
  const size_t low_bits = bits >= 4 ? 4 : 2;
  uint8_t* const rest = plane + 64 * low_bits;
  for (size_t i = 0; i < 32; ++i) {
    const size_t g = i / 4;
    const size_t byte = 4 * row + i % 4;
    const unsigned v = u.values[i];
    const unsigned low = v & ((1U << low_bits) - 1);
    const unsigned high = v >> low_bits;
    if (low_bits == 4)
      plane[64 * (g % 4) + byte] |= static_cast<uint8_t>(low << (g / 4 * 4));
    else
      plane[64 * (g % 2) + byte] |= static_cast<uint8_t>(low << (g / 2 * 2));
    if (bits - low_bits == 2)
      rest[64 * (g % 2) + byte] |= static_cast<uint8_t>(high << (g / 2 * 2));
    if (bits - low_bits == 1) rest[byte] |= static_cast<uint8_t>(high << g);
  }
}

// Scale fields: two f16 vectors (64 bytes), one f16 vector or two byte vectors (32), one of bytes.
void write_scales(const Unit& u, const PackedLayout& layout, size_t row, uint8_t* at) {
  const bool wide = layout.header_bytes == 0;
  const size_t width = wide ? 2 : 1;
  for (size_t i = 0; i < layout.scale_bytes / (kPanelRows * width); ++i) {
    uint8_t* p = at + (i * kPanelRows + row) * width;
    p[0] = static_cast<uint8_t>(u.scale[i]);
    if (wide) p[1] = static_cast<uint8_t>(u.scale[i] >> 8);
  }
}

void pack_quants(const PackedLayout& layout, size_t cols,
                 const std::array<const std::byte*, kPanelRows>& rows, std::byte* panel) {
  const Reader read = reader(layout.dtype);
  const size_t block_bytes = traits(layout.dtype).block_bytes;
  for (size_t row = 0; row < kPanelRows; ++row) {
    if (rows[row] == nullptr) continue;  // zero scales make zero sums
    for (size_t n = 0; n < cols / kUnitInputs; ++n) {
      const size_t super = n / layout.units;
      Unit u;
      read(reinterpret_cast<Bytes>(rows[row]) + super * block_bytes, n % layout.units, u);
      auto* at = reinterpret_cast<uint8_t*>(panel) + super * layout.super_bytes();
      for (size_t i = 0; i < layout.header_bytes / 32; ++i)
        std::memcpy(at + 32 * i + 2 * row, &u.header[i], 2);
      at += layout.header_bytes + n % layout.units * layout.unit_bytes();
      write_scales(u, layout, row, at);
      write_values(u, layout.bits, row, at + layout.scale_bytes);
    }
  }
}

void pack_floats(size_t width, size_t cols, const std::array<const std::byte*, kPanelRows>& rows,
                 std::byte* panel) {
  for (size_t row = 0; row < kPanelRows; ++row) {
    if (rows[row] == nullptr) continue;
    for (size_t k = 0; k < cols; ++k)
      std::memcpy(panel + (k * kPanelRows + row) * width, rows[row] + k * width, width);
  }
}

void pack_bf16(size_t cols, const std::array<const std::byte*, kPanelRows>& rows,
               std::byte* panel) {
  for (size_t row = 0; row < kPanelRows; ++row) {
    if (rows[row] == nullptr) continue;
    for (size_t k = 0; k < cols; ++k) {
      uint16_t value = 0;
      std::memcpy(&value, rows[row] + 2 * k, 2);
      value = bf16_without_small(value);
      std::memcpy(panel + (k / 2 * kPanelRows + row) * 4 + k % 2 * 2, &value, 2);
    }
  }
}

}  // namespace

const PackedLayout& packed_layout(DType dtype) {
  for (const PackedLayout& row : kLayouts) {
    if (row.dtype == dtype) return row;
  }
  ASSERT(false, static_cast<int>(dtype));
  return kLayouts[0];
}

size_t packed_panel_bytes(DType dtype, size_t cols) {
  const PackedLayout& layout = packed_layout(dtype);
  if (dtype == DType::BF16) return (cols + kUnitInputs - 1) / kUnitInputs * kBf16UnitBytes;
  if (layout.bits >= 16) return cols * kPanelRows * layout.bits / 8;
  ASSERT(cols % traits(dtype).block_values == 0, cols, traits(dtype).name);
  return cols / (kUnitInputs * layout.units) * layout.super_bytes();
}

void pack_panel(DType dtype, size_t cols, const std::array<const std::byte*, kPanelRows>& rows,
                std::byte* panel) {
  const PackedLayout& layout = packed_layout(dtype);
  std::memset(panel, 0, packed_panel_bytes(dtype, cols));
  if (dtype == DType::BF16)
    pack_bf16(cols, rows, panel);
  else if (layout.bits >= 16)
    pack_floats(layout.bits / 8, cols, rows, panel);
  else
    pack_quants(layout, cols, rows, panel);
}

}  // namespace mill::kernels
