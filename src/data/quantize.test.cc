#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "base/half.h"
#include "data/quants.h"
#include "data/quants_golden.h"

namespace mill {
namespace {

std::vector<float> normal_values(size_t count, float deviation) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0.0F, deviation);
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

std::vector<std::byte> quantized(DType dtype, std::span<const float> values) {
  std::vector<std::byte> bytes(bytes_of(dtype, values.size()));
  quantize(dtype, values, bytes);
  return bytes;
}

std::vector<float> round_trip(DType dtype, std::span<const float> values) {
  std::vector<float> out(values.size());
  dequantize(dtype, quantized(dtype, values), out);
  return out;
}

// Root mean square of a − b, relative to that of b.
double relative_error(std::span<const float> a, std::span<const float> b) {
  double error = 0, norm = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    error += std::pow(double{a[i]} - double{b[i]}, 2);
    norm += std::pow(double{b[i]}, 2);
  }
  return std::sqrt(error / norm);
}

// What normally distributed weights lose in each format; the bounds are what was measured and
// a hundredth more, so that a worse search is noticed.
struct Bound {
  DType dtype;
  double error;
};
constexpr Bound kBounds[] = {
    {DType::F32, 0},       {DType::F16, 2.2e-4},   {DType::BF16, 1.8e-3},   {DType::Q4_0, 0.0866},
    {DType::Q4_1, 0.0786}, {DType::Q5_0, 0.0425},  {DType::Q5_1, 0.038},    {DType::Q8_0, 0.00541},
    {DType::Q2_K, 0.29},   {DType::Q3_K, 0.154},   {DType::Q4_K, 0.0722},   {DType::Q5_K, 0.0368},
    {DType::Q6_K, 0.018},  {DType::IQ4_NL, 0.076}, {DType::IQ4_XS, 0.0765}, {DType::MXFP4, 0.116},
};

}  // namespace

TEST_CASE("the simple formats give the bytes that the gguf package gives") {
  int cases = 0;
  for (const auto& row : golden::quant_cases(TOKENMILL_SOURCE_DIR "/tests/golden/quants.txt")) {
    if (row.action != "quantize") continue;
    CAPTURE(traits(row.dtype).name);
    CHECK(quantized(row.dtype, golden::as_floats(row.input)) == row.output);
    ++cases;
  }
  CHECK(cases == 32);
}

TEST_CASE("a round trip loses no more than the format must") {
  CHECK(std::size(kBounds) == dtype_table().size());
  const auto values = normal_values(8192, 0.02F);
  for (const Bound& bound : kBounds) {
    const double error = relative_error(round_trip(bound.dtype, values), values);
    CHECK_MESSAGE(error <= bound.error, traits(bound.dtype).name);
  }
}

TEST_CASE("weighed scales lose less where it matters") {
  constexpr size_t kColumns = 512;
  const auto values = normal_values(16 * kColumns, 0.02F);
  std::vector<float> importance(kColumns);
  for (size_t i = 0; i < kColumns; ++i) importance[i] = i % 7 == 0 ? 20.0F : 0.5F;
  const auto loss = [&](DType dtype, std::span<const std::byte> bytes) {
    std::vector<float> out(values.size());
    dequantize(dtype, bytes, out);
    double sum = 0;
    for (size_t i = 0; i < out.size(); ++i)
      sum += static_cast<double>(importance[i % kColumns]) *
             std::pow(static_cast<double>(out[i] - values[i]), 2);
    return sum;
  };
  for (const DTypeTraits& row : dtype_table()) {
    std::vector<std::byte> weighed(bytes_of(row.dtype, values.size()));
    quantize_weighed(row.dtype, values, importance, weighed);
    const auto plain = quantized(row.dtype, values);
    if (row.block_values == 1 || row.dtype == DType::Q8_0 || row.dtype == DType::MXFP4)
      CHECK_MESSAGE(weighed == plain, row.name);  // nothing to be searched
    else
      CHECK_MESSAGE(loss(row.dtype, weighed) < 0.95 * loss(row.dtype, plain), row.name);
  }
}

TEST_CASE("a second round trip loses next to nothing") {
  const auto values = normal_values(8192, 0.02F);
  for (const Bound& bound : kBounds) {
    const auto once = round_trip(bound.dtype, values);
    const double first = relative_error(once, values);
    const double second = relative_error(round_trip(bound.dtype, once), once);
    CHECK_MESSAGE(second <= 0.3 * first, traits(bound.dtype).name, " ", second, " after ", first);
  }
}

TEST_CASE("awkward blocks stay finite, and zeros stay zero") {
  const float huge = 3e38F, tiny = 1e-42F;
  const std::vector<std::vector<float>> patterns = {
      {0.0F}, {1.0F}, {-1.0F}, {huge, -huge}, {tiny, -tiny}, {0.0F, huge}, {1.0F, tiny}};
  for (const DTypeTraits& row : dtype_table()) {
    for (const auto& pattern : patterns) {
      std::vector<float> values(256);
      for (size_t i = 0; i < values.size(); ++i) values[i] = pattern[i % pattern.size()];
      if (row.dtype == DType::F16 || row.dtype == DType::BF16) continue;  // huge is infinite there
      for (float value : round_trip(row.dtype, values)) {
        CHECK_MESSAGE(std::isfinite(value), row.name);
        if (pattern == patterns[0]) CHECK(value == 0.0F);
      }
    }
  }
}

TEST_CASE("a constant block keeps its value") {
  for (const DTypeTraits& row : dtype_table()) {
    for (const float constant : {0.75F, -0.75F}) {
      const std::vector<float> values(256, constant);
      for (float value : round_trip(row.dtype, values))
        CHECK_MESSAGE(std::abs(value - constant) < 0.01F, row.name, " ", value);
    }
  }
}

}  // namespace mill
