#include "data/package/blake2b.h"

#include <algorithm>
#include <bit>

namespace mill::package {
namespace {

constexpr size_t kBlock = 128;
constexpr int kRounds = 12;
// The first 64 bits of the fractional parts of the square roots of the first eight primes.
constexpr std::array<uint64_t, 8> kStart = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
constexpr uint8_t kOrder[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};
// Columns, then diagonals.
constexpr uint8_t kMixed[8][4] = {{0, 4, 8, 12},  {1, 5, 9, 13},  {2, 6, 10, 14}, {3, 7, 11, 15},
                                  {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13},  {3, 4, 9, 14}};

using State = std::array<uint64_t, 8>;
using Words = std::array<uint64_t, 16>;

void mix(Words& v, const uint8_t (&at)[4], uint64_t x, uint64_t y) {
  uint64_t &a = v[at[0]], &b = v[at[1]], &c = v[at[2]], &d = v[at[3]];
  a += b + x;
  d = std::rotr(d ^ a, 32);
  c += d;
  b = std::rotr(b ^ c, 24);
  a += b + y;
  d = std::rotr(d ^ a, 16);
  c += d;
  b = std::rotr(b ^ c, 63);
}

Words words_of(std::span<const uint8_t> block) {
  Words words{};
  for (size_t i = 0; i < block.size(); ++i)
    words[i / 8] |= static_cast<uint64_t>(block[i]) << (i % 8 * 8);
  return words;
}

// `bytes`: how many there have been, this block's included.
void compress(State& state, const Words& message, uint64_t bytes, bool last) {
  Words v;
  std::copy(state.begin(), state.end(), v.begin());
  std::copy(kStart.begin(), kStart.end(), v.begin() + 8);
  v[12] ^= bytes;
  if (last) v[14] = ~v[14];
  for (int round = 0; round < kRounds; ++round) {
    const uint8_t(&order)[16] = kOrder[round % 10];
    for (size_t i = 0; i < 8; ++i)
      mix(v, kMixed[i], message[order[2 * i]], message[order[2 * i + 1]]);
  }
  for (size_t i = 0; i < 8; ++i) state[i] ^= v[i] ^ v[i + 8];
}

}  // namespace

std::array<uint8_t, 32> blake2b_256(std::span<const uint8_t> text) {
  State state = kStart;
  state[0] ^= 0x01010000U ^ 32U;
  uint64_t bytes = 0;
  for (; text.size() > kBlock; text = text.subspan(kBlock))
    compress(state, words_of(text.first(kBlock)), bytes += kBlock, false);
  compress(state, words_of(text), bytes + text.size(), true);
  std::array<uint8_t, 32> digest{};
  for (size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<uint8_t>(state[i / 8] >> (i % 8 * 8));
  return digest;
}

}  // namespace mill::package
