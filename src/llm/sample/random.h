#pragma once
// Random numbers without a state: the n-th number of a seed is a function of both. So a token's
// draw depends on the request alone, never on what else ran before it.

#include <cstdint>

namespace mill::llm {

// Splitmix64 (Steele, Lea, Flood 2014), whose n-th output is a mix of seed + n·gamma. The seed is
// mixed first, because neighbouring seeds (the n choices of one request) must not overlap.
inline uint64_t splitmix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31);
}

inline uint64_t random_bits(uint64_t seed, uint64_t n) {
  constexpr uint64_t kGamma = 0x9E3779B97F4A7C15U;
  return splitmix(splitmix(seed + kGamma) + (n + 1) * kGamma);
}

// A number below `limit` that is uniform if `bits` are: floor(bits · limit / 2⁶⁴).
inline uint64_t scale_below(uint64_t bits, uint64_t limit) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>((static_cast<Wide>(bits) * limit) >> 64);
}

}  // namespace mill::llm
