#include "data/safetensors.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

namespace mill {
namespace {

// The file with this header and so many bytes of data.
std::vector<std::byte> file_of(const std::string& header, size_t data_bytes) {
  const uint64_t size = header.size();
  std::vector<std::byte> out(8 + header.size() + data_bytes);
  std::memcpy(out.data(), &size, 8);
  std::memcpy(out.data() + 8, header.data(), header.size());
  return out;
}

constexpr const char* kGood =
    R"({"__metadata__": {"format": "pt"},
        "b": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [4, 16]},
        "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}}  )";

struct Refusal {
  const char* header;
  const char* sentence;
};
constexpr Refusal kRefusals[] = {
    {"[]", "its header is not JSON"},
    {"{\"a\": ", "its header is not JSON"},
    {R"({"a": 1})", "tensor a: is not described"},
    {R"({"a": {"dtype": "F8_E4M3", "shape": [16], "data_offsets": [0, 16]}})", "type \"F8_E4M3\""},
    {R"({"a": {"shape": [4], "data_offsets": [0, 16]}})", "tensor a has type null"},
    {R"({"a": {"dtype": "F32", "shape": 4, "data_offsets": [0, 16]}})", "no list of numbers"},
    {R"({"a": {"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}})", "no list of numbers"},
    {R"({"a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}})", "an extent of 0"},
    {R"({"a": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 16]}})",
     "too many values"},
    {R"({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0]}})", "are not two numbers"},
    {R"({"a": {"dtype": "F32", "shape": [5], "data_offsets": [0, 20]}})", "download complete?"},
    {R"({"a": {"dtype": "F32", "shape": [4], "data_offsets": [16, 0]}})", "download complete?"},
    {R"({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 16]}})", "16 bytes where its"},
    {R"({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}})", "4 bytes at the end"},
    {R"({"a": {"dtype": "F32", "shape": [3], "data_offsets": [4, 16]}})", "leave a gap"},
    {R"({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]},
         "b": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]}})",
     "overlap"},
    {R"({"a": {"dtype": "F32", "shape": [[[[4]]]], "data_offsets": [0, 16]}})", "list of numbers"},
};

}  // namespace

TEST_CASE("a good file gives its tensors in the order of their bytes") {
  const auto file = file_of(kGood, 16);
  const auto tensors = parse_safetensors(file);
  REQUIRE(tensors);
  REQUIRE(tensors->size() == 2);
  CHECK((*tensors)[0].name == "a");
  CHECK((*tensors)[0].shape.empty());
  CHECK((*tensors)[1].dtype == DType::BF16);
  CHECK((*tensors)[1].shape == std::vector<int64_t>{2, 3});
  CHECK((*tensors)[1].bytes.data() + 12 == file.data() + file.size());
}

TEST_CASE("headers that lie are refused by a sentence that says where") {
  for (const Refusal& row : kRefusals) {
    const auto tensors = parse_safetensors(file_of(row.header, 16));
    REQUIRE_FALSE(tensors);
    const std::string& got = tensors.error().message;
    CHECK_MESSAGE(got.find(row.sentence) != std::string::npos, got);
  }
}

TEST_CASE("a file cut anywhere is an error") {
  const auto file = file_of(kGood, 16);
  for (size_t size = 0; size < file.size(); ++size)
    CHECK_FALSE(parse_safetensors({file.data(), size}));
}

TEST_CASE("no flipped byte leads outside the file") {
  const auto file = file_of(kGood, 16);
  for (size_t at = 0; at < file.size(); ++at) {
    for (const unsigned flip : {0x01U, 0x10U, 0x80U, 0xFFU}) {
      auto copy = file;
      copy[at] ^= static_cast<std::byte>(flip);
      const auto tensors = parse_safetensors(copy);
      if (!tensors) continue;
      for (const Tensor& tensor : *tensors) {
        CHECK(tensor.bytes.data() >= copy.data());
        CHECK(tensor.bytes.data() + tensor.bytes.size() <= copy.data() + copy.size());
      }
    }
  }
}

TEST_CASE("a header nested without end costs nothing but an error") {
  CHECK_FALSE(parse_safetensors(file_of("{\"a\": " + std::string(1'000'000, '['), 0)));
}

}  // namespace mill
