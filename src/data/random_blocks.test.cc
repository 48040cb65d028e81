#include "data/random_blocks.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "data/quants.h"

namespace mill {
namespace {

TEST_CASE("random blocks of every format have a small mean, and the size that is promised") {
  for (const DTypeTraits& row : dtype_table()) {
    CAPTURE(row.name);
    std::vector<std::byte> bytes(bytes_of(row.dtype, 256 * 256));
    fill_random_blocks(row.dtype, 7, bytes);
    std::vector<float> values(256 * 256);
    dequantize(row.dtype, bytes, values);
    double sum = 0, squares = 0;
    for (float value : values) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    const double count = static_cast<double>(values.size());
    CHECK(std::sqrt(squares / count) == doctest::Approx(kRandomRms).epsilon(0.25));
    CHECK(std::abs(sum / count) < 0.05 * static_cast<double>(kRandomRms));
  }
}

TEST_CASE("random blocks are their seed's") {
  std::vector<std::byte> one(1024 * 34), two(one.size()), other(one.size());
  fill_random_blocks(DType::Q8_0, 1, one);
  fill_random_blocks(DType::Q8_0, 1, two);
  fill_random_blocks(DType::Q8_0, 2, other);
  CHECK(one == two);
  CHECK(one != other);
}

}  // namespace
}  // namespace mill
