#include "data/hf_folder.h"

#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "base/scratch_folder.h"
#include "data/quants.h"

namespace mill {
namespace {

namespace fs = std::filesystem;
using test_data::empty_folder;

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

// One F32 tensor of two values, `name`; the header padded by spaces to a length of 8n + `odd`.
void write_tensor(const fs::path& path, const std::string& name, size_t odd = 0) {
  std::string header =
      R"({")" + name + R"(": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})";
  while (header.size() % 8 != odd) header += ' ';
  const uint64_t size = header.size();
  const float values[2] = {1.5F, -2.0F};
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&size), 8);
  file << header;
  file.write(reinterpret_cast<const char*>(values), 8);
}

std::string error_of(const fs::path& folder) {
  const auto file = open_model_file(folder);
  return file ? "" : file.error().message;
}

}  // namespace

TEST_CASE("a folder with one file opens, its two configurations merged") {
  const fs::path folder = empty_folder("hf_single");
  write(folder / "config.json", R"({"model_type": "llama", "eos_token_id": 1})");
  write(folder / "generation_config.json", R"({"eos_token_id": [1, 2], "top_k": null})");
  write_tensor(folder / "model.safetensors", "w");
  const auto file = open_model_file(folder);
  REQUIRE(file);
  CHECK(file->format == ModelFormat::hugging_face);
  CHECK(file->config ==
        nlohmann::json::parse(R"({"model_type": "llama", "eos_token_id": [1, 2]})"));
  REQUIRE(file->find("w") != nullptr);
  CHECK(file->find("w")->bytes.size() == 8);
}

TEST_CASE("tensors at odd addresses are moved to even ones") {
  const fs::path folder = empty_folder("hf_odd");
  write(folder / "config.json", "{}");
  write_tensor(folder / "model.safetensors", "w", 3);
  const auto file = open_model_file(folder);
  REQUIRE(file);
  const Tensor* tensor = file->find("w");
  REQUIRE(tensor != nullptr);
  CHECK(reinterpret_cast<uintptr_t>(tensor->bytes.data()) % sizeof(float) == 0);
  std::vector<float> values(2);
  dequantize(tensor->dtype, tensor->bytes, values);
  CHECK(values == std::vector<float>{1.5F, -2.0F});
}

TEST_CASE("shards are joined as the index says") {
  const fs::path folder = empty_folder("hf_shards");
  write(folder / "config.json", "{}");
  const fs::path index = folder / "model.safetensors.index.json";
  write(index, R"({"weight_map": {"b": "2.safetensors", "a": "1.safetensors"}})");
  write_tensor(folder / "1.safetensors", "a");
  CHECK(error_of(folder).find("2.safetensors: cannot be opened") != std::string::npos);
  write_tensor(folder / "2.safetensors", "b");
  const auto file = open_model_file(folder);
  REQUIRE(file);
  CHECK(file->tensors.size() == 2);
  write_tensor(folder / "2.safetensors", "c");
  CHECK(error_of(folder).find("has 0 of the 1 tensors") != std::string::npos);
  write(index, R"({"weight_map": {"a": "../1.safetensors"}})");
  CHECK(error_of(folder).find("tensor a is not assigned to a file") != std::string::npos);
  write(index, R"({"weight_map": [)");
  CHECK(error_of(folder).find("is not JSON, from byte") != std::string::npos);
}

TEST_CASE("what is missing is named") {
  const fs::path folder = empty_folder("hf_missing");
  CHECK(error_of(folder).find("config.json: cannot be opened") != std::string::npos);
  write(folder / "config.json", "[]");
  CHECK(error_of(folder).find("is not a JSON object") != std::string::npos);
  write(folder / "config.json", "{}");
  CHECK(error_of(folder).find("has neither model.safetensors nor") != std::string::npos);
  write_tensor(folder / "model.safetensors", "w");
  CHECK(error_of(folder / "model.safetensors").find("name the folder") != std::string::npos);
  write(folder / "empty.gguf", "");
  CHECK(error_of(folder / "empty.gguf").find("truncated at byte 0 of 0") != std::string::npos);
  CHECK(error_of(folder / "absent.gguf").find("No such file") != std::string::npos);
}

}  // namespace mill
