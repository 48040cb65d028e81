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
    if constexpr (requires { encode(values.data(), block); })
      encode(values.data() + b * kValues, block);
    else
      encode({values.data() + b * kValues}, block);
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

// Blocks that have a search of their own always take it.
template <class Block>
void search(Weighed in, Block& block) {
  if constexpr (requires { encode_searched(in, block); })
    encode_searched(in, block);
  else
    encode(in, block);
}

template <class Block, size_t kValues>
void search_blocks(std::span<const float> values, std::span<const float> importance,
                   std::span<std::byte> bytes) {
  const size_t blocks = importance.size() / kValues;  // in a row
  for (size_t b = 0; b < values.size() / kValues; ++b) {
    Block block = {};
    search({values.data() + b * kValues, importance.data() + b % blocks * kValues}, block);
    std::memcpy(bytes.data() + b * sizeof(Block), &block, sizeof(Block));
  }
}

struct Row {
  DType dtype;
  void (*encode)(std::span<const float>, std::span<std::byte>);
  void (*search)(std::span<const float>, std::span<const float>, std::span<std::byte>) = nullptr;
};

// A format whose scales can be searched.
template <class Block, size_t kValues>
constexpr Row searched(DType dtype) {
  return {dtype, encode_blocks<Block, kValues>, search_blocks<Block, kValues>};
}

constexpr std::array kRows = {
    Row{DType::F32, copy},
    Row{DType::F16, encode_halves<f32_to_f16>},
    Row{DType::BF16, encode_halves<f32_to_bf16>},
    searched<BlockQ4_0, kBlock>(DType::Q4_0),
    searched<BlockQ4_1, kBlock>(DType::Q4_1),
    searched<BlockQ5_0, kBlock>(DType::Q5_0),
    searched<BlockQ5_1, kBlock>(DType::Q5_1),
    Row{DType::Q8_0, encode_blocks<BlockQ8_0, kBlock>},
    searched<BlockQ2_K, kSuperBlock>(DType::Q2_K),
    searched<BlockQ3_K, kSuperBlock>(DType::Q3_K),
    searched<BlockQ4_K, kSuperBlock>(DType::Q4_K),
    searched<BlockQ5_K, kSuperBlock>(DType::Q5_K),
    searched<BlockQ6_K, kSuperBlock>(DType::Q6_K),
    searched<BlockIQ4_NL, kBlock>(DType::IQ4_NL),
    searched<BlockIQ4_XS, kSuperBlock>(DType::IQ4_XS),
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

void quantize_weighed(DType dtype, std::span<const float> values, std::span<const float> importance,
                      std::span<std::byte> bytes) {
  const DTypeTraits& format = traits(dtype);
  ASSERT(bytes.size() == bytes_of(dtype, values.size()), format.name, bytes.size(), values.size());
  for (const Row& row : kRows) {
    if (row.dtype != dtype) continue;
    if (row.search == nullptr) return row.encode(values, bytes);
    ASSERT(!importance.empty() && importance.size() % format.block_values == 0 &&
               values.size() % importance.size() == 0,
           format.name, importance.size(), values.size());
    return row.search(values, importance, bytes);
  }
  ASSERT(false, format.name);
}

}  // namespace mill
