#pragma once
// A fast hash for short keys in our own flat tables. Not for adversaries: a table that is flooded
// is slow to load, and its owner chose that model.

#include <cstdint>
#include <cstring>
#include <string_view>

namespace mill::tok {

// The product of two 64-bit odd-ish words, folded: every input bit reaches every output bit.
__extension__ using Product = unsigned __int128;
inline uint64_t mixed(uint64_t a, uint64_t b) {
  const Product product = static_cast<Product>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t hash_of(uint64_t key) {
  return mixed(key ^ 0x9E3779B97F4A7C15U, 0xD6E8FEB86659FD93U);
}

inline uint64_t hash_of(std::string_view text) {
  uint64_t hash = text.size() * 0x9E3779B97F4A7C15U + 1;
  const char* bytes = text.data();
  size_t left = text.size();
  for (; left >= 8; left -= 8, bytes += 8) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    hash = mixed(hash ^ word, 0xA0761D6478BD642FU);
  }
  uint64_t word = 0;
  if (left != 0) std::memcpy(&word, bytes, left);
  return mixed(hash ^ word, 0xE7037ED1A0B428DBU);
}

}  // namespace mill::tok
