#include "kernels/packed.h"

#include <algorithm>
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

// Four values, one a byte, in the order of memory: packing works on them together.
using Four = uint32_t;
constexpr Four each(uint8_t byte) { return 0x01010101U * byte; }

// What a file's block says of 32 consecutive inputs of one row.
struct Unit {
  std::array<Four, 8> values;        // as stored: unsigned, before any offset
  std::array<uint16_t, 2> header{};  // f16 d and dmin of the superblock
  std::array<uint16_t, 2> scale{};   // this unit's scale field(s), in the width of the layout
};

using Bytes = const uint8_t*;

uint16_t u16(Bytes p) { return static_cast<uint16_t>(p[0] | p[1] << 8); }
Four four(Bytes p) {
  Four values = 0;
  std::memcpy(&values, p, sizeof values);
  return values;
}

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

Four nibbles(Bytes p, size_t g) {  // 16 bytes hold inputs 0…15 low, 16…31 high
  return four(p + g % 4 * 4) >> (g / 4 * 4) & each(15);
}
Four k_nibbles(Bytes p, size_t unit, size_t g) {  // 32 bytes hold units 2n low and 2n+1 high
  return four(p + unit / 2 * 32 + 4 * g) >> (4 * (unit % 2)) & each(15);
}
Four k_pairs(Bytes p, size_t unit, size_t g) {  // 2 bits: 32 bytes hold four units
  return four(p + unit / 4 * 32 + 4 * g) >> (2 * (unit % 4)) & each(3);
}
Four k_bits(Bytes p, size_t unit, size_t g) {  // 1 bit: 32 bytes hold eight units
  return four(p + 4 * g) >> unit & each(1);
}

void read_q8_0(Bytes b, size_t, Unit& u) {
  u.scale[0] = u16(b);
  for (size_t g = 0; g < 8; ++g) u.values[g] = four(b + 2 + 4 * g) ^ each(128);
}
void read_q4_0(Bytes b, size_t, Unit& u) {
  u.scale[0] = u16(b);
  for (size_t g = 0; g < 8; ++g) u.values[g] = nibbles(b + 2, g);
}
void read_q4_1(Bytes b, size_t, Unit& u) {
  u.scale = {u16(b), u16(b + 2)};
  for (size_t g = 0; g < 8; ++g) u.values[g] = nibbles(b + 4, g);
}
// Bit i of 32 is the top bit of value i. The product puts bit j of a nibble at bit 8j.
Four fifth_bits(Bytes bits, size_t g) {
  return (four(bits) >> (4 * g) & 15) * 0x00204081U & each(1);
}
void read_q5_0(Bytes b, size_t, Unit& u) {
  u.scale[0] = u16(b);
  for (size_t g = 0; g < 8; ++g) u.values[g] = nibbles(b + 6, g) | fifth_bits(b + 2, g) << 4;
}
void read_q5_1(Bytes b, size_t, Unit& u) {
  u.scale = {u16(b), u16(b + 2)};
  for (size_t g = 0; g < 8; ++g) u.values[g] = nibbles(b + 8, g) | fifth_bits(b + 4, g) << 4;
}
void read_q4_k(Bytes b, size_t unit, Unit& u) {
  u.header = {u16(b), u16(b + 2)};
  u.scale = {k4_scale(b + 4, unit), k4_min(b + 4, unit)};
  for (size_t g = 0; g < 8; ++g) u.values[g] = k_nibbles(b + 16, unit, g);
}
void read_q5_k(Bytes b, size_t unit, Unit& u) {
  u.header = {u16(b), u16(b + 2)};
  u.scale = {k4_scale(b + 4, unit), k4_min(b + 4, unit)};
  for (size_t g = 0; g < 8; ++g)
    u.values[g] = k_nibbles(b + 48, unit, g) | k_bits(b + 16, unit, g) << 4;
}
void read_q6_k(Bytes b, size_t unit, Unit& u) {
  u.header[0] = u16(b + 208);
  u.scale = {b[192 + 2 * unit], b[193 + 2 * unit]};
  // 64 bytes of nibbles hold units 0,1 low and 2,3 high of four
  const Bytes low = b + unit / 4 * 64 + unit % 2 * 32;
  for (size_t g = 0; g < 8; ++g)
    u.values[g] = (four(low + 4 * g) >> (unit % 4 / 2 * 4) & each(15)) | k_pairs(b + 128, unit, g)
                                                                             << 4;
}
void read_q2_k(Bytes b, size_t unit, Unit& u) {
  u.header = {u16(b + 80), u16(b + 82)};
  u.scale = {b[2 * unit], b[2 * unit + 1]};
  for (size_t g = 0; g < 8; ++g) u.values[g] = k_pairs(b + 16, unit, g);
}
void read_q3_k(Bytes b, size_t unit, Unit& u) {
  u.header[0] = u16(b + 108);
  u.scale = {k3_scale(b + 96, 2 * unit), k3_scale(b + 96, 2 * unit + 1)};
  for (size_t g = 0; g < 8; ++g) u.values[g] = k_pairs(b + 32, unit, g) | k_bits(b, unit, g) << 2;
}
void read_iq4_xs(Bytes b, size_t unit, Unit& u) {
  u.header[0] = u16(b);
  const int low = b[4 + unit / 2] >> (4 * (unit % 2)) & 15;
  const int high = u16(b + 2) >> (2 * unit) & 3;
  u.scale[0] = static_cast<uint16_t>((low | high << 4) - 32);
  for (size_t g = 0; g < 8; ++g) u.values[g] = nibbles(b + 8 + 16 * unit, g);
}
void read_mxfp4(Bytes b, size_t, Unit& u) {
  // 2^(e−128), half the block's scale since the value table is doubled, is exact in bf16.
  const int e = b[0];
  u.scale[0] = static_cast<uint16_t>(e >= 2 ? (e - 1) << 7 : 0x20 << e);
  for (size_t g = 0; g < 8; ++g) u.values[g] = nibbles(b + 1, g);
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

// Writes a row's 32 values of `bits` bits into the planes of a unit.
void write_values(const Unit& u, size_t bits, size_t row, uint8_t* unit) {
  const auto& v = u.values;
  Four plane[8] = {};
  size_t planes = 0;
  if (bits == 8) {
    planes = 8;
    std::copy(v.begin(), v.end(), plane);
  }
  if (bits >= 4 && bits < 8) {
    for (size_t g = 0; g < 4; ++g) plane[planes++] = (v[g] & each(15)) | (v[g + 4] & each(15)) << 4;
  }
  if (bits == 6 || bits < 4) {
    const size_t low = bits == 6 ? 4 : 0;  // the bits that other planes hold
    for (size_t m = 0; m < 2; ++m) {
      for (size_t g = m; g < 8; g += 2) plane[planes] |= (v[g] >> low & each(3)) << (g / 2 * 2);
      ++planes;
    }
  }
  if (bits == 5 || bits == 3) {
    for (size_t g = 0; g < 8; ++g) plane[planes] |= (v[g] >> (bits - 1) & each(1)) << g;
    ++planes;
  }
  for (size_t n = 0; n < planes; ++n) std::memcpy(unit + 64 * n + 4 * row, &plane[n], 4);
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

// One row's part of one unit, whose superblock begins at `super`.
void pack_unit(const PackedLayout& layout, const Unit& u, size_t n, size_t row, uint8_t* super) {
  for (size_t i = 0; i < layout.header_bytes / 32; ++i)
    std::memcpy(super + 32 * i + 2 * row, &u.header[i], 2);
  uint8_t* const at = super + layout.header_bytes + n % layout.units * layout.unit_bytes();
  write_scales(u, layout, row, at);
  write_values(u, layout.bits, row, at + layout.scale_bytes);
}

void pack_quants(const PackedLayout& layout, size_t cols,
                 const std::array<const std::byte*, kPanelRows>& rows, std::byte* panel) {
  const Reader read = reader(layout.dtype);
  const size_t block_bytes = traits(layout.dtype).block_bytes;
  for (size_t n = 0; n < cols / kUnitInputs; ++n) {
    const size_t super = n / layout.units;
    auto* at = reinterpret_cast<uint8_t*>(panel) + super * layout.super_bytes();
    for (size_t row = 0; row < kPanelRows; ++row) {
      if (rows[row] == nullptr) continue;  // zero scales make zero sums
      Unit u;
      read(reinterpret_cast<Bytes>(rows[row]) + super * block_bytes, n % layout.units, u);
      pack_unit(layout, u, n, row, at);
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
