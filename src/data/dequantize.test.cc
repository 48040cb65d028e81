#include <doctest/doctest.h>

#include <bit>
#include <set>

#include "data/quants.h"
#include "data/quants_golden.h"

namespace mill {

TEST_CASE("every format reads bit for bit as the gguf package reads it") {
  std::set<DType> seen;
  for (const auto& row : golden::quant_cases(TOKENMILL_SOURCE_DIR "/tests/golden/quants.txt")) {
    if (row.action != "dequantize") continue;
    CAPTURE(traits(row.dtype).name);
    const std::vector<float> expected = golden::as_floats(row.output);
    std::vector<float> values(expected.size());
    dequantize(row.dtype, row.input, values);
    for (size_t i = 0; i < values.size(); ++i) {
      if (std::bit_cast<uint32_t>(values[i]) != std::bit_cast<uint32_t>(expected[i]))
        FAIL_CHECK("value ", i, " is ", values[i], ", not ", expected[i]);
    }
    seen.insert(row.dtype);
  }
  CHECK(seen.size() == dtype_table().size() - 1);  // all but F32, which is a copy
}

TEST_CASE("f32 is a copy, from any address") {
  const std::vector<float> values = {1.5F, -2.0F, 0.0F};
  std::vector<std::byte> bytes(1 + sizeof(float) * values.size());
  std::memcpy(bytes.data() + 1, values.data(), bytes.size() - 1);
  std::vector<float> read(values.size());
  dequantize(DType::F32, std::span(bytes).subspan(1), read);
  CHECK(read == values);
}

}  // namespace mill
