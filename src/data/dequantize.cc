// Every storage format to f32. The order of the operations is ggml's (ggml-quants.c,
// dequantize_row_*), so the results agree bit for bit.

#include <array>
#include <bit>
#include <cstring>

#include "base/assert.h"
#include "base/half.h"
#include "data/blocks.h"
#include "data/quants.h"

namespace mill {
namespace {

float decode_f32(uint32_t bits) { return std::bit_cast<float>(bits); }

float as_float(unsigned code) { return static_cast<float>(code); }
float as_float(int code) { return static_cast<float>(code); }

void decode(const BlockQ4_0& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (size_t i = 0; i < kBlock; ++i)
    out[i] = scale * as_float(static_cast<int>(BlockQ4_0::Codes::get(block.codes, i)) - 8);
}

void decode(const BlockQ4_1& block, float* out) {
  const float scale = f16_to_f32(block.scale), min = f16_to_f32(block.min);
  for (size_t i = 0; i < kBlock; ++i)
    out[i] = scale * as_float(BlockQ4_1::Codes::get(block.codes, i)) + min;
}

template <class Block>
unsigned code5(const Block& block, size_t i) {
  return Block::Codes::get(block.codes, i) | (Block::High::get(block.high, i) << 4);
}

void decode(const BlockQ5_0& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (size_t i = 0; i < kBlock; ++i)
    out[i] = scale * as_float(static_cast<int>(code5(block, i)) - 16);
}

void decode(const BlockQ5_1& block, float* out) {
  const float scale = f16_to_f32(block.scale), min = f16_to_f32(block.min);
  for (size_t i = 0; i < kBlock; ++i) out[i] = scale * as_float(code5(block, i)) + min;
}

void decode(const BlockQ8_0& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (size_t i = 0; i < kBlock; ++i) out[i] = scale * as_float(int{block.codes[i]});
}

void decode(const BlockQ2_K& block, float* out) {
  const float scale = f16_to_f32(block.scale), min = f16_to_f32(block.min);
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const unsigned packed = block.scales[i / 16];
    const float step = scale * as_float(packed & 15U), base = min * as_float(packed >> 4);
    out[i] = step * as_float(BlockQ2_K::Codes::get(block.codes, i)) - base;
  }
}

void decode(const BlockQ3_K& block, float* out) {
  using B = BlockQ3_K;
  const float scale = f16_to_f32(block.scale);
  const auto low = std::span(block.scales).first<8>();
  const auto high = std::span(block.scales).last<4>();
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const unsigned packed = B::ScaleLow::get(low, i / 16) | (B::ScaleHigh::get(high, i / 16) << 4);
    const unsigned code = B::Codes::get(block.codes, i) | (B::High::get(block.high, i) << 2);
    const float step = scale * as_float(static_cast<int>(packed) - 32);
    out[i] = step * as_float(static_cast<int>(code) - 4);
  }
}

void decode(const BlockQ4_K& block, float* out) {
  const float scale = f16_to_f32(block.scale), min = f16_to_f32(block.min);
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const ScaleMin pair = scale_min(block.scales, i / 32);
    const float step = scale * as_float(pair.scale), base = min * as_float(pair.min);
    out[i] = step * as_float(BlockQ4_K::Codes::get(block.codes, i)) - base;
  }
}

void decode(const BlockQ5_K& block, float* out) {
  const float scale = f16_to_f32(block.scale), min = f16_to_f32(block.min);
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const ScaleMin pair = scale_min(block.scales, i / 32);
    const float step = scale * as_float(pair.scale), base = min * as_float(pair.min);
    out[i] = step * as_float(code5(block, i)) - base;
  }
}

void decode(const BlockQ6_K& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const float step = scale * as_float(int{block.scales[i / 16]});
    out[i] = step * as_float(static_cast<int>(code5(block, i)) - 32);
  }
}

void decode(const BlockIQ4_NL& block, float* out) {
  const float scale = f16_to_f32(block.scale);
  for (size_t i = 0; i < kBlock; ++i)
    out[i] = scale * as_float(int{kIq4Values[BlockIQ4_NL::Codes::get(block.codes, i)]});
}

void decode(const BlockIQ4_XS& block, float* out) {
  using B = BlockIQ4_XS;
  const float scale = f16_to_f32(block.scale);
  for (size_t i = 0; i < kSuperBlock; ++i) {
    const unsigned packed = B::ScaleLow::get(block.scale_low, i / 32) |
                            (B::ScaleHigh::get(block.scale_high, i / 32) << 4);
    const float step = scale * as_float(static_cast<int>(packed) - 32);
    out[i] = step * as_float(int{kIq4Values[B::Codes::get(block.codes, i)]});
  }
}

void decode(const BlockMXFP4& block, float* out) {
  const float half_scale = e8m0_half(block.exponent);  // the steps are doubled
  for (size_t i = 0; i < kBlock; ++i)
    out[i] = half_scale * as_float(int{kE2M1Doubled[BlockMXFP4::Codes::get(block.codes, i)]});
}

template <class Block, size_t kValues>
void decode_blocks(std::span<const std::byte> bytes, std::span<float> values) {
  for (size_t b = 0; b < values.size() / kValues; ++b) {
    Block block;  // a copy: bytes may lie at any address
    std::memcpy(&block, bytes.data() + b * sizeof(Block), sizeof(Block));
    decode(block, values.data() + b * kValues);
  }
}

template <class Word, float (*kDecode)(Word)>
void decode_words(std::span<const std::byte> bytes, std::span<float> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    Word word;
    std::memcpy(&word, bytes.data() + i * sizeof(Word), sizeof(Word));
    values[i] = kDecode(word);
  }
}

struct Row {
  DType dtype;
  size_t block_bytes;
  void (*decode)(std::span<const std::byte>, std::span<float>);
};

template <class Block, size_t kValues>
constexpr Row row(DType dtype) {
  return {dtype, sizeof(Block), decode_blocks<Block, kValues>};
}

constexpr std::array kRows = {
    Row{DType::F32, 4, decode_words<uint32_t, decode_f32>},
    Row{DType::F16, 2, decode_words<uint16_t, f16_to_f32>},
    Row{DType::BF16, 2, decode_words<uint16_t, bf16_to_f32>},
    row<BlockQ4_0, kBlock>(DType::Q4_0),
    row<BlockQ4_1, kBlock>(DType::Q4_1),
    row<BlockQ5_0, kBlock>(DType::Q5_0),
    row<BlockQ5_1, kBlock>(DType::Q5_1),
    row<BlockQ8_0, kBlock>(DType::Q8_0),
    row<BlockQ2_K, kSuperBlock>(DType::Q2_K),
    row<BlockQ3_K, kSuperBlock>(DType::Q3_K),
    row<BlockQ4_K, kSuperBlock>(DType::Q4_K),
    row<BlockQ5_K, kSuperBlock>(DType::Q5_K),
    row<BlockQ6_K, kSuperBlock>(DType::Q6_K),
    row<BlockIQ4_NL, kBlock>(DType::IQ4_NL),
    row<BlockIQ4_XS, kSuperBlock>(DType::IQ4_XS),
    row<BlockMXFP4, kBlock>(DType::MXFP4),
};

}  // namespace

void dequantize(DType dtype, std::span<const std::byte> bytes, std::span<float> values) {
  const DTypeTraits& format = traits(dtype);
  ASSERT(bytes.size() == bytes_of(dtype, values.size()), format.name, bytes.size(), values.size());
  for (const Row& entry : kRows) {
    if (entry.dtype != dtype) continue;
    ASSERT(entry.block_bytes == format.block_bytes, format.name);
    return entry.decode(bytes, values);
  }
  ASSERT(false, format.name);
}

}  // namespace mill
