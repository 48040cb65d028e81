#include "data/gguf.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/test_data.h"
#include "data/gguf_writer.h"
#include "data/quants.h"

namespace mill {
namespace {

using Bytes = std::vector<std::byte>;

const std::vector<std::string_view> kWords = {"one", "", "three"};

// Every kind of value, and tensors of one to three dimensions.
GgufWriter sample() {
  static const Bytes numbers(512);
  GgufWriter writer;
  writer.set("text", std::string_view("llama"));
  writer.set("u32", uint64_t{30});
  writer.set("u64", uint64_t{1} << 40);
  writer.set("i32", int64_t{-3});
  writer.set("f32", 0.5);
  writer.set("f64", 0.1);
  writer.set("yes", true);
  writer.set("words", kWords);
  writer.set("types", std::vector<int64_t>{1, -2, 3});
  writer.set("scores", std::vector<double>{-1.5, 0.0});
  writer.set("sizes", std::vector<uint64_t>{7, 8});
  writer.set("flags", std::vector<bool>{true, false, true});
  const auto data = std::span(numbers);
  writer.add({.name = "norm", .dtype = DType::F32, .shape = {3}, .bytes = data.first(12)});
  writer.add({.name = "matrix", .dtype = DType::Q4_0, .shape = {2, 64}, .bytes = data.first(72)});
  writer.add({.name = "cube", .dtype = DType::F16, .shape = {2, 3, 4}, .bytes = data.first(48)});
  return writer;
}

template <class T>
void patch(Bytes& file, size_t offset, T value) {
  std::memcpy(file.data() + offset, &value, sizeof(T));
}

size_t position_of(const Bytes& file, std::string_view text) {
  const auto wanted = std::as_bytes(std::span(text));
  const auto found = std::ranges::search(file, wanted);
  REQUIRE(!found.empty());
  return static_cast<size_t>(found.begin() - file.begin());
}

std::string error_of(std::span<const std::byte> file) {
  const auto parsed = parse_gguf(file);
  return parsed ? "" : parsed.error().message;
}

bool mentions(const std::string& text, std::string_view part) {
  const bool found = text.find(part) != std::string::npos;
  if (!found) MESSAGE("got: " << text);
  return found;
}

}  // namespace

TEST_CASE("what is written is read again") {
  const Bytes file = sample().to_bytes();
  CHECK(file.size() == sample().file_bytes());
  const auto parsed = parse_gguf(file);
  REQUIRE(parsed);
  const auto& meta = parsed->metadata;
  CHECK(meta.size() == 12);
  CHECK(meta.at("text") == MetaValue(std::string_view("llama")));
  CHECK(meta.at("u32") == MetaValue(uint64_t{30}));
  CHECK(meta.at("u64") == MetaValue(uint64_t{1} << 40));
  CHECK(meta.at("i32") == MetaValue(int64_t{-3}));
  CHECK(meta.at("f32") == MetaValue(0.5));
  CHECK(meta.at("f64") == MetaValue(0.1));
  CHECK(meta.at("yes") == MetaValue(true));
  CHECK(meta.at("words") == MetaValue(kWords));
  CHECK(meta.at("types") == MetaValue(std::vector<int64_t>{1, -2, 3}));
  CHECK(meta.at("scores") == MetaValue(std::vector<double>{-1.5, 0.0}));
  CHECK(meta.at("flags") == MetaValue(std::vector<bool>{true, false, true}));
  REQUIRE(parsed->tensors.size() == 3);
  CHECK(parsed->tensors[1].name == "matrix");
  CHECK(parsed->tensors[1].shape == std::vector<int64_t>{2, 64});
  CHECK(parsed->tensors[2].shape == std::vector<int64_t>{2, 3, 4});
  CHECK(parsed->tensors[2].bytes.size() == 48);
}

TEST_CASE("encoded values pass through unchanged") {
  const Bytes file = sample().to_bytes();
  const auto parsed = parse_gguf(file);
  REQUIRE(parsed);
  GgufWriter copy;
  for (const auto& [key, value] : parsed->entries) copy.set_encoded(key, value);
  for (const Tensor& tensor : parsed->tensors) copy.add(tensor);
  CHECK(copy.to_bytes() == file);
}

TEST_CASE("foreign files are refused by a sentence that says why") {
  Bytes file = sample().to_bytes();
  const auto with = [&](size_t offset, auto value) {
    Bytes copy = file;
    patch(copy, offset, value);
    return error_of(copy);
  };
  CHECK(mentions(with(0, 'X'), "is not a GGUF file: it starts with \"XGUF\""));
  CHECK(mentions(with(4, uint32_t{1}), "GGUF version 1"));
  CHECK(mentions(with(4, uint32_t{4}), "GGUF version 4; versions 2 and 3 are supported"));
  CHECK(mentions(with(4, uint32_t{3} << 24), "big-endian"));
  CHECK(with(4, uint32_t{2}).empty());
  CHECK(mentions(with(8, ~uint64_t{0}), "tensors cannot fit"));
  CHECK(mentions(with(16, ~uint64_t{0}), "keys cannot fit"));
  CHECK(mentions(with(24, ~uint64_t{0}), "truncated at byte 32"));
  const size_t words = position_of(file, "words") + 5;
  CHECK(mentions(with(words, uint32_t{99}), "key words: value type 99 does not exist"));
  CHECK(mentions(with(words + 4, uint32_t{9}), "key words: arrays of arrays"));
  CHECK(mentions(with(words + 8, ~uint64_t{0} / 8), "key words: an array of"));
  CHECK(mentions(with(position_of(file, "yes") + 7, uint8_t{2}), "2 is not a boolean"));
}

TEST_CASE("tensors that do not fit their file are refused by name") {
  Bytes file = sample().to_bytes();
  const size_t matrix = position_of(file, "matrix") + 6;  // count 4, extents 16, type 4, offset 8
  const auto with = [&](size_t offset, auto value) {
    Bytes copy = file;
    patch(copy, matrix + offset, value);
    return error_of(copy);
  };
  CHECK(mentions(with(0, uint32_t{5}), "tensor matrix: 5 dimensions"));
  CHECK(mentions(with(0, uint32_t{0}), "tensor matrix: 0 dimensions"));
  CHECK(
      mentions(with(4, uint64_t{65}), "tensor matrix: rows of 65 values do not divide into Q4_0"));
  CHECK(mentions(with(4, uint64_t{0}), "tensor matrix: its shape"));
  CHECK(mentions(with(12, uint64_t{1} << 62), "tensor matrix: its shape"));
  CHECK(mentions(with(12, uint64_t{1} << 50), "is the download complete?"));
  CHECK(mentions(with(20, uint32_t{16}), "tensor matrix has type IQ2_XXS (16)"));
  CHECK(mentions(with(24, uint64_t{33}), "offset 33 is not a multiple of the alignment 32"));
  CHECK(mentions(with(24, ~uint64_t{31}), "is the download complete?"));
}

TEST_CASE("names that occur twice are refused") {
  const Bytes numbers(4);
  GgufWriter writer;
  const Tensor tensor{.name = "same", .dtype = DType::F32, .shape = {1}, .bytes = numbers};
  writer.set("key1", true);
  writer.set("key2", true);
  writer.add(tensor);
  Bytes file = writer.to_bytes();
  patch(file, position_of(file, "key2") + 3, '1');
  CHECK(mentions(error_of(file), "key key1 occurs twice"));
  writer.add(tensor);
  CHECK(mentions(error_of(writer.to_bytes()), "tensor same occurs twice"));
}

TEST_CASE("a file cut anywhere is an error, or lacks only padding") {
  const Bytes file = sample().to_bytes();
  for (size_t size = 0; size < file.size(); ++size) {
    const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    if (size + 16 < file.size()) CHECK_MESSAGE(!parse_gguf(cut), size);
  }
}

// Whatever a parse lets through must be safe to touch.
TEST_CASE("no flipped byte leads outside the file") {
  const Bytes file = sample().to_bytes();
  size_t accepted = 0;
  for (size_t at = 0; at < file.size(); ++at) {
    for (const unsigned flip : {0x01U, 0x10U, 0x80U, 0xFFU}) {
      Bytes copy = file;
      copy[at] ^= static_cast<std::byte>(flip);
      const auto parsed = parse_gguf(copy);
      if (!parsed) continue;
      ++accepted;
      for (const Tensor& tensor : parsed->tensors) {
        CHECK(tensor.bytes.data() >= copy.data());
        CHECK(tensor.bytes.data() + tensor.bytes.size() <= copy.data() + copy.size());
      }
    }
  }
  CHECK(accepted > 100);  // flips within the numbers change nothing that we check
}

TEST_CASE("the real models open, and their numbers are plausible") {
  for (const auto& [variable, name] :
       {std::pair{"TOKENMILL_MODEL", "SmolLM2-135M-Instruct.Q4_1.gguf"},
        std::pair{"TOKENMILL_MODEL_GEMMA", "gemma-3-270m-q4_k_m.gguf"}}) {
    const auto path = test_data::model(variable, name);
    if (!path) {
      MESSAGE("skipped: no model file (set " << variable << ")");
      continue;
    }
    const auto file = open_model_file(*path);
    REQUIRE(file);
    CHECK(file->find("output_norm.weight") != nullptr);
    CHECK(file->find("no such tensor") == nullptr);
    for (const Tensor& tensor : file->tensors) {
      std::vector<float> row(static_cast<size_t>(tensor.shape.back()));
      dequantize(tensor.dtype, tensor.bytes.first(bytes_of(tensor.dtype, row.size())), row);
      const auto largest = std::ranges::max(row, {}, [](float x) { return std::abs(x); });
      CHECK_MESSAGE(std::abs(largest) < 2000.0F, tensor.name);
    }
  }
}

}  // namespace mill
