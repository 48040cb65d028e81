// f32 to every storage format: the table of encoders.

#include <array>
#include <bit>
#include <cstring>

#include "base/assert.h"
#include "base/half.h"
#include "data/quantize_blocks.h"
#include "data/quants.h"

namespace mill {
namespace {

template <class Block, size_t kValues>
void encode_blocks(std::span<const float> values, std::span<std::byte> bytes) {
  for (size_t b = 0; b < values.size() / kValues; ++b) {
    Block block = {};  // codes are or-ed in
    encode(values.data() + b * kValues, block);
    std::memcpy(bytes.data() + b * sizeof(Block), &block, sizeof(Block));
  }
}

template <uint16_t (*kEncode)(float)>
void encode_halves(std::span<const float> values, std::span<std::byte> bytes) {
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t half = kEncode(values[i]);
    std::memcpy(bytes.data() + i * sizeof(half), &half, sizeof(half));
  }
}

void copy(std::span<const float> values, std::span<std::byte> bytes) {
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
}

struct Row {
  DType dtype;
  void (*encode)(std::span<const float>, std::span<std::byte>);
};

constexpr std::array kRows = {
    Row{DType::F32, copy},
    Row{DType::F16, encode_halves<f32_to_f16>},
    Row{DType::BF16, encode_halves<f32_to_bf16>},
    Row{DType::Q4_0, encode_blocks<BlockQ4_0, kBlock>},
    Row{DType::Q4_1, encode_blocks<BlockQ4_1, kBlock>},
    Row{DType::Q5_0, encode_blocks<BlockQ5_0, kBlock>},
    Row{DType::Q5_1, encode_blocks<BlockQ5_1, kBlock>},
    Row{DType::Q8_0, encode_blocks<BlockQ8_0, kBlock>},
    Row{DType::Q2_K, encode_blocks<BlockQ2_K, kSuperBlock>},
    Row{DType::Q3_K, encode_blocks<BlockQ3_K, kSuperBlock>},
    Row{DType::Q4_K, encode_blocks<BlockQ4_K, kSuperBlock>},
    Row{DType::Q5_K, encode_blocks<BlockQ5_K, kSuperBlock>},
    Row{DType::Q6_K, encode_blocks<BlockQ6_K, kSuperBlock>},
    Row{DType::IQ4_NL, encode_blocks<BlockIQ4_NL, kBlock>},
    Row{DType::IQ4_XS, encode_blocks<BlockIQ4_XS, kSuperBlock>},
    Row{DType::MXFP4, encode_blocks<BlockMXFP4, kBlock>},
};

}  // namespace

void quantize(DType dtype, std::span<const float> values, std::span<std::byte> bytes) {
  const DTypeTraits& format = traits(dtype);
  ASSERT(bytes.size() == bytes_of(dtype, values.size()), format.name, bytes.size(), values.size());
  for (const Row& row : kRows) {
    if (row.dtype == dtype) return row.encode(values, bytes);
  }
  ASSERT(false, format.name);
}

}  // namespace mill
