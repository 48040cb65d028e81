#include "data/safetensors_writer.h"

#include <doctest/doctest.h>

#include "base/mapped_file.h"
#include "base/scratch_folder.h"
#include "data/safetensors.h"

namespace mill {
namespace {

using test_data::empty_folder;

Tensor tensor(const char* name, DType dtype, std::vector<int64_t> shape) {
  return {.name = name, .dtype = dtype, .shape = std::move(shape), .bytes = {}};
}

}  // namespace

TEST_CASE("what is written is read again") {
  const auto path = empty_folder("safetensors_writer") / "model.safetensors";
  SafetensorsWriter writer;
  writer.add(tensor("z", DType::F32, {2, 3}));
  writer.add(tensor("a \"quoted\" name", DType::BF16, {5}));
  std::vector<std::byte> bytes;
  REQUIRE(writer.write(path, [&](size_t i) -> Result<std::span<const std::byte>> {
    bytes.assign(i == 0 ? 24 : 10, static_cast<std::byte>(i + 1));
    return bytes;
  }));
  CHECK(std::filesystem::file_size(path) == writer.file_bytes());
  const auto file = MappedFile::open(path);
  REQUIRE(file);
  const auto tensors = parse_safetensors((*file)->bytes());
  REQUIRE(tensors);
  REQUIRE(tensors->size() == 2);
  CHECK((*tensors)[0].name == "z");
  CHECK((*tensors)[0].shape == std::vector<int64_t>{2, 3});
  CHECK((*tensors)[0].bytes.back() == std::byte{1});
  CHECK((*tensors)[1].name == "a \"quoted\" name");
  CHECK((*tensors)[1].dtype == DType::BF16);
  CHECK((*tensors)[1].bytes.front() == std::byte{2});
  CHECK(reinterpret_cast<uintptr_t>((*tensors)[0].bytes.data()) % 8 == 0);
}

TEST_CASE("a source that fails leaves no file") {
  const auto path = empty_folder("safetensors_writer") / "model.safetensors";
  SafetensorsWriter writer;
  writer.add(tensor("a", DType::F16, {4}));
  CHECK_FALSE(writer.write(path, [](size_t) -> Result<std::span<const std::byte>> {
    return fail(ErrorKind::invalid, "no");
  }));
  CHECK(std::filesystem::is_empty(path.parent_path()));
}

}  // namespace mill
