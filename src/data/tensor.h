#pragma once
// A named view of numbers that somebody else owns (a mapped file, mostly).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/dtype.h"

namespace mill {

struct Tensor {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;        // outermost first: a weight is (outputs, inputs)
  std::span<const std::byte> bytes;  // exactly bytes_of(dtype, values()), in row-major order

  int64_t values() const {
    int64_t n = 1;
    for (int64_t extent : shape) n *= extent;
    return n;
  }
};

}  // namespace mill
