#pragma once
// Weight matrices repacked once at load into the order in which the dot-product instructions want
// them, in the same number of bits that the file has.
//
// A panel holds 16 rows (outputs) of the matrix, because 16 f32 sums are one 512-bit register: lane
// i of every accumulator belongs to row i, so no sum ever crosses lanes, and a row's result does
// not depend on which rows stand beside it. The inputs run along the panel in units of 32:
//
//   panel  = superblock ...            K-quants and IQ4_XS: 256 inputs, else 32
//   superblock = header unit ...       header: f16 d[16], f16 dmin[16] of the superblock
//   unit   = scales planes             512 values: 16 rows × 32 inputs
//
// Inside a unit the values are ordered as vpdpbusd (and an AMX tile) takes them: vector g of 64
// bytes, g = 0…7, holds for each row the 4 inputs 4g…4g+3; byte 4·row + j is input 4g+j. Values
// narrower than a byte are cut into planes of 4, 2 and 1 bits, each plane being whole vectors:
//
//   4 bits: vectors N0…N3; group g is the low nibble of N[g] for g < 4, the high one of N[g−4]
//   above 2 bits: vectors T0, T1; group g is bits 2·(g/2)… of T[g mod 2] 1 bit:  vector H; group g
//   is bit g
//
// Five bits are a 4-bit plane and the top bit in a 1-bit plane; six: 4 + 2; three: 2 + 1. Signed
// formats are offset to unsigned (vpdpbusd multiplies u8 by s8); the kernel takes the offset off
// again through the sums of the activations (activations.h). F32 and F16
// are [input][16 rows]; BF16 is [pair of inputs][16 rows][2], as a tile takes it, with zeros for
// inputs up to a multiple of 32, and zeros for magnitudes under 2^−50 (bf16_without_small()).

#include <array>
#include <cstddef>
#include <cstdint>

#include "data/dtype.h"

namespace mill::kernels {

inline constexpr size_t kPanelRows = 16;
inline constexpr size_t kUnitInputs = 32;
inline constexpr size_t kBf16UnitBytes = kUnitInputs * kPanelRows * 2;

struct PackedLayout {
  DType dtype;
  size_t units;         // in a superblock
  size_t header_bytes;  // of a superblock
  size_t scale_bytes;   // of a unit
  size_t bits;          // of a value
  size_t unit_bytes() const { return scale_bytes + kPanelRows * kUnitInputs * bits / 8; }
  size_t super_bytes() const { return header_bytes + units * unit_bytes(); }
};

const PackedLayout& packed_layout(DType);

struct PackedMatrix {
  DType dtype = DType::F32;
  size_t rows = 0, cols = 0;          // outputs, inputs
  const std::byte* panels = nullptr;  // 64-byte aligned
  size_t panel_bytes = 0;
  size_t panel_count() const { return (rows + kPanelRows - 1) / kPanelRows; }
};

// Bytes of one panel of a matrix with `cols` inputs (a multiple of the format's block).
size_t packed_panel_bytes(DType, size_t cols);

// Packs 16 rows; a null pointer is a row of zeros (the padding of the last panel).
void pack_panel(DType, size_t cols, const std::array<const std::byte*, kPanelRows>& rows,
                std::byte* panel);

}  // namespace mill::kernels
