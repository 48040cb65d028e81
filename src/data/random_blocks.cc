#include "data/random_blocks.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/assert.h"
#include "base/half.h"
#include "data/blocks.h"

namespace mill {
namespace {

// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random {
  uint64_t state;

  uint64_t next() {
    uint64_t z = state += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
};

// Codes 0…n−1, equally likely, have the standard deviation sqrt((n² − 1)/12) ≈ n/sqrt(12), so this
// is the scale of codes of so many bits.
constexpr float step_of(unsigned bits) {
  return kRandomRms * 3.4641F / static_cast<float>(1U << bits);
}

// Half a step off the middle is the mean of codes from −n/2 to n/2 − 1: of either sign, so that it
// vanishes over the blocks of a row.
uint16_t signed_scale(Random& random, float step) {
  return f32_to_f16((random.next() & 1U) != 0 ? step : -step);
}

void settle(BlockQ4_0& block, Random& random) { block.scale = signed_scale(random, step_of(4)); }
void settle(BlockQ5_0& block, Random& random) { block.scale = signed_scale(random, step_of(5)); }

template <class Block>
void settle_minimum(Block& block, unsigned bits) {
  block.scale = f32_to_f16(step_of(bits));
  block.min = f32_to_f16(-step_of(bits) * static_cast<float>((1U << bits) - 1) / 2);
}
void settle(BlockQ4_1& block, Random&) { settle_minimum(block, 4); }
void settle(BlockQ5_1& block, Random&) { settle_minimum(block, 5); }

void settle(BlockQ8_0& block, Random&) {
  block.scale = f32_to_f16(step_of(8));
  for (int8_t& code : block.codes) code = code == -128 ? int8_t{0} : code;  // no quantizer's code
}

// Every part the same scale, and a minimum that puts its middle at zero.
void settle(BlockQ2_K& block, Random&) {
  block.scales.fill(0x88);
  block.scale = f32_to_f16(step_of(2) / 8);
  block.min = f32_to_f16(step_of(2) / 8 * 1.5F);
}

void settle(BlockQ3_K& block, Random& random) {
  block.scales.fill(0);  // of −32 for each part
  block.scale = signed_scale(random, step_of(3) / 32);
}

// Six-bit scales 32…63, the mins alike: the low 6 bits of the first eight bytes are scales and mins
// 0…3, their high 2 bits and the nibbles of the last four are scales and mins 4…7 (ScaleMin).
template <class Block>
void settle_k(Block& block, Random& random, unsigned bits) {
  for (size_t j = 0; j < 4; ++j) {
    const uint64_t drawn = random.next();
    const unsigned first = 32 | (drawn & 31U), second = 32 | ((drawn >> 5) & 31U);
    block.scales[j] = block.scales[j + 4] = static_cast<uint8_t>(first | ((second & 0x30U) << 2));
    block.scales[j + 8] = static_cast<uint8_t>((second & 15U) * 0x11U);
  }
  constexpr float kMiddle = 47.5F;
  block.scale = f32_to_f16(step_of(bits) / kMiddle);
  block.min = f32_to_f16(step_of(bits) / kMiddle * static_cast<float>((1U << bits) - 1) / 2);
}
void settle(BlockQ4_K& block, Random& random) { settle_k(block, random, 4); }
void settle(BlockQ5_K& block, Random& random) { settle_k(block, random, 5); }

// Scales of either sign, ±64…±127.
void settle(BlockQ6_K& block, Random&) {
  for (int8_t& scale : block.scales)
    scale = static_cast<int8_t>(scale < 0 ? -64 - (scale & 63) : 64 | (scale & 63));
  block.scale = f32_to_f16(step_of(6) / 96);
}

// The root mean square of kIq4Values is 69.
void settle(BlockIQ4_NL& block, Random& random) {
  block.scale = signed_scale(random, kRandomRms / 69);
}
void settle(BlockIQ4_XS& block, Random& random) {
  block.scale_high.fill(0);  // scales of −32…−17
  block.scale = signed_scale(random, kRandomRms / 69 / 24);
}

// The root mean square of E2M1 is 2.9, so 2^-7 of it are 0.023.
void settle(BlockMXFP4& block, Random&) { block.exponent = 127 - 7; }

template <class Block>
void fill(Random random, std::span<std::byte> bytes) {
  for (size_t at = 0; at < bytes.size(); at += sizeof(Block)) {
    std::array<uint64_t, (sizeof(Block) + 7) / 8> drawn;
    for (uint64_t& word : drawn) word = random.next();
    Block block;
    std::memcpy(&block, drawn.data(), sizeof block);
    settle(block, random);
    std::memcpy(bytes.data() + at, &block, sizeof block);
  }
}

// ±2^-7…±2^-5, the lowest bit of the exponent, the mantissa and the sign drawn: a root mean square
// of 0.017. `kExponent` is the even one of the two biased exponents that 2^-7 and 2^-6 have.
template <class Word, unsigned kMantissa, unsigned kExponent>
void fill_words(Random random, std::span<std::byte> bytes) {
  constexpr Word kSign = static_cast<Word>(Word{1} << (sizeof(Word) * 8 - 1));
  constexpr Word kDrawn = static_cast<Word>(kSign | ((Word{2} << kMantissa) - 1));
  constexpr Word kFixed = static_cast<Word>(Word{kExponent} << kMantissa);
  for (size_t at = 0; at < bytes.size(); at += sizeof(Word)) {
    const Word word = static_cast<Word>((static_cast<Word>(random.next()) & kDrawn) | kFixed);
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
}

struct Row {
  DType dtype;
  void (*fill)(Random, std::span<std::byte>);
};

constexpr std::array kRows = {
    Row{DType::F32, fill_words<uint32_t, 23, 120>},
    Row{DType::F16, fill_words<uint16_t, 10, 8>},
    Row{DType::BF16, fill_words<uint16_t, 7, 120>},
    Row{DType::Q4_0, fill<BlockQ4_0>},
    Row{DType::Q4_1, fill<BlockQ4_1>},
    Row{DType::Q5_0, fill<BlockQ5_0>},
    Row{DType::Q5_1, fill<BlockQ5_1>},
    Row{DType::Q8_0, fill<BlockQ8_0>},
    Row{DType::Q2_K, fill<BlockQ2_K>},
    Row{DType::Q3_K, fill<BlockQ3_K>},
    Row{DType::Q4_K, fill<BlockQ4_K>},
    Row{DType::Q5_K, fill<BlockQ5_K>},
    Row{DType::Q6_K, fill<BlockQ6_K>},
    Row{DType::IQ4_NL, fill<BlockIQ4_NL>},
    Row{DType::IQ4_XS, fill<BlockIQ4_XS>},
    Row{DType::MXFP4, fill<BlockMXFP4>},
};

}  // namespace

void fill_random_blocks(DType dtype, uint64_t seed, std::span<std::byte> bytes) {
  ASSERT(bytes.size() % traits(dtype).block_bytes == 0, traits(dtype).name, bytes.size());
  for (const Row& row : kRows)
    if (row.dtype == dtype) return row.fill(Random{seed}, bytes);
  ASSERT(false, traits(dtype).name);
}

}  // namespace mill
