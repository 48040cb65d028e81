#pragma once
// Weights that nobody trained, made without quantizing any: the bytes of whole blocks are drawn at
// random, and then the scales are put right, so that the values have a mean near zero and a root
// mean square near kRandomRms. What a matrix costs to read and to multiply does not depend on its
// values, so models of such weights measure speed as well as real ones; with root mean squares
// under 1/sqrt(width), activations stay of the size of a trained model's.

#include <cstddef>
#include <cstdint>
#include <span>

#include "data/dtype.h"

namespace mill {

inline constexpr float kRandomRms = 0.02F;

// Fills the storage of whole blocks; the same seed gives the same bytes on every machine.
void fill_random_blocks(DType, uint64_t seed, std::span<std::byte> bytes);

}  // namespace mill
