#include "data/gguf.h"

#include <doctest/doctest.h>

#include "base/test_data.h"
#include "data/quants.h"

namespace mill {

TEST_CASE("the real model opens, and its numbers are plausible") {
  const auto path = test_data::model("TOKENMILL_MODEL", "SmolLM2-135M-Instruct.Q4_1.gguf");
  if (!path) {
    MESSAGE("skipped: no model file (set TOKENMILL_MODEL)");
    return;
  }
  const auto file = open_model_file(*path);
  REQUIRE(file);
  CHECK(std::get<std::string_view>(*file->meta("general.architecture")) == "llama");
  CHECK(std::get<uint64_t>(*file->meta("llama.block_count")) == 30);
  const Tensor* norm = file->find("output_norm.weight");
  REQUIRE(norm != nullptr);
  CHECK(norm->shape == std::vector<int64_t>{576});
  CHECK(file->find("no such tensor") == nullptr);
  for (const Tensor& tensor : file->tensors) {
    std::vector<float> values(static_cast<size_t>(tensor.shape.back()));
    dequantize(tensor.dtype, tensor.bytes.first(bytes_of(tensor.dtype, values.size())), values);
    for (float value : values) {
      if (!(value > -200.0F && value < 200.0F)) FAIL_CHECK(tensor.name, " has ", value);
    }
  }
}

}  // namespace mill
