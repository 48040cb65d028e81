#include "data/requantize.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <random>

#include "base/scratch_folder.h"
#include "data/gguf_writer.h"
#include "data/model_file.h"
#include "data/quants.h"

namespace mill {
namespace {

namespace fs = std::filesystem;
using test_data::empty_folder;

std::vector<float> normal_values(size_t count) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal(0.0F, 0.05F);
  std::vector<float> out(count);
  for (float& value : out) value = normal(random);
  return out;
}

// Matrices with rows of 512, 96 (no super-block) and 20 (no block at all), a norm and a router.
void write_model(const fs::path& path, std::span<const float> values) {
  GgufWriter writer;
  const auto add = [&](const char* name, std::vector<int64_t> shape) {
    Tensor tensor{.name = name, .dtype = DType::F32, .shape = std::move(shape), .bytes = {}};
    tensor.bytes = std::as_bytes(values).first(static_cast<size_t>(tensor.values()) * 4);
    writer.add(tensor);
  };
  writer.set("general.architecture", std::string_view("llama"));
  writer.set("general.file_type", uint64_t{0});
  add("output_norm.weight", {512});
  add("blk.0.attn_q.weight", {300, 512});
  add("blk.0.attn_k.weight", {16, 96});
  add("blk.0.attn_v.weight", {8, 20});
  add("blk.0.ffn_gate_inp.weight", {8, 512});
  add("blk.0.ffn_up_exps.weight", {3, 16, 512});
  CHECK(writer.write(path));
}

std::vector<float> numbers_of(const ModelFile& file, std::string_view name) {
  const Tensor* tensor = file.find(name);
  REQUIRE(tensor != nullptr);
  std::vector<float> out(static_cast<size_t>(tensor->values()));
  dequantize(tensor->dtype, tensor->bytes, out);
  return out;
}

}  // namespace

TEST_CASE("matrices change, norms and routers stay, odd rows fall back") {
  const fs::path folder = empty_folder("requantize");
  const auto values = normal_values(300 * 512);
  write_model(folder / "in.gguf", values);
  const auto result =
      requantize_gguf(folder / "in.gguf", folder / "out.gguf", {.dtype = DType::Q6_K});
  REQUIRE(result);
  CHECK(result->output_bytes == fs::file_size(folder / "out.gguf"));
  const auto file = open_model_file(folder / "out.gguf");
  REQUIRE(file);
  CHECK(*file->meta("general.file_type") == MetaValue(uint64_t{18}));
  CHECK(*file->meta("general.architecture") == MetaValue(std::string_view("llama")));
  CHECK(file->find("output_norm.weight")->dtype == DType::F32);
  CHECK(file->find("blk.0.attn_q.weight")->dtype == DType::Q6_K);
  CHECK(file->find("blk.0.attn_k.weight")->dtype == DType::Q8_0);
  CHECK(file->find("blk.0.attn_v.weight")->dtype == DType::F16);
  CHECK(file->find("blk.0.ffn_gate_inp.weight")->dtype == DType::F32);
  CHECK(file->find("blk.0.ffn_up_exps.weight")->dtype == DType::Q6_K);
  const auto numbers = numbers_of(*file, "blk.0.attn_q.weight");
  for (size_t i = 0; i < numbers.size(); ++i)
    if (std::abs(numbers[i] - values[i]) > 0.01F) FAIL_CHECK("number ", i, " ", numbers[i]);
}

TEST_CASE("any number of threads gives the same bytes") {
  const fs::path folder = empty_folder("requantize_threads");
  write_model(folder / "in.gguf", normal_values(300 * 512));
  std::string first;
  for (const uint32_t threads : {1U, 2U, 5U}) {
    REQUIRE(requantize_gguf(folder / "in.gguf", folder / "out.gguf",
                            {.dtype = DType::Q4_K, .threads = threads}));
    std::ifstream file(folder / "out.gguf", std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (first.empty()) first = bytes;
    CHECK(bytes == first);
  }
}

TEST_CASE("numbers that cannot be stored are an error, and leave no file") {
  const fs::path folder = empty_folder("requantize_nan");
  auto values = normal_values(300 * 512);
  const auto error = [&](float bad, DType dtype) {
    values[200 * 512] = bad;
    write_model(folder / "in.gguf", values);
    const auto result = requantize_gguf(folder / "in.gguf", folder / "out.gguf", {.dtype = dtype});
    CHECK_FALSE(fs::exists(folder / "out.gguf"));
    return result ? "" : result.error().message;
  };
  CHECK(error(NAN, DType::Q4_0).find("tensor blk.0.attn_q.weight has") != std::string::npos);
  CHECK(error(INFINITY, DType::Q8_0).find("not finite; the file is") != std::string::npos);
  CHECK(error(1e6F, DType::F16).find("too large for F16; take BF16") != std::string::npos);
}

}  // namespace mill
