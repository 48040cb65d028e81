#pragma once
// What a training needs, told before its first step rather than by the kernel's killer.

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "learn/trainer.h"

namespace mill::learn {

struct MemoryNeeds {
  int64_t weights = 0, learning = 0, activations = 0;  // bytes
  int64_t all() const { return weights + learning + activations; }
};
MemoryNeeds memory_needs(Decoder&, const std::vector<NamedTensor>& parameters, const TrainOptions&);

// Error{exhausted} with the setting that would fit, where the machine has less left.
Result<void> check_memory(Decoder&, const std::vector<NamedTensor>& parameters, const TrainOptions&,
                          int64_t bytes_left);
int64_t memory_left();  // MemAvailable of /proc/meminfo; the largest number where there is none

}  // namespace mill::learn
