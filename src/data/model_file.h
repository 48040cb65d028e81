#pragma once
// A model as its makers publish it, opened once and mapped: a GGUF file, or a Hugging Face folder
// (config.json + *.safetensors + tokenizer.json). Both are seen through one shape: tensors by name
// and hyperparameters; llm/models knows what the names mean.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "data/tensor.h"

namespace mill {

class MappedFile;

// A GGUF metadata value. Strings are views into the mapping.
using MetaValue = std::variant<uint64_t, int64_t, double, bool, std::string_view,
                               std::vector<uint64_t>, std::vector<int64_t>, std::vector<double>,
                               std::vector<bool>, std::vector<std::string_view>>;

enum class ModelFormat { gguf, hugging_face };

struct ModelFile {
  ModelFormat format = ModelFormat::gguf;
  std::filesystem::path path;
  std::map<std::string, MetaValue, std::less<>> metadata;  // GGUF keys; empty for Hugging Face
  nlohmann::json config;        // config.json merged with generation_config.json; null for GGUF
  std::vector<Tensor> tensors;  // sorted by name
  std::vector<std::shared_ptr<const MappedFile>> mappings;
  std::vector<std::shared_ptr<const void>> owners;  // of tensors that lie in no mapping

  const Tensor* find(std::string_view name) const;  // null where absent; O(log n)
  const MetaValue* meta(std::string_view key) const;
  bool maps(const Tensor&) const;  // its bytes are a file's, and can be read again
  bool rewritten() const;          // one of its files has been written to since it was opened
  void release() const;            // nothing of it will be read soon (base/pages.h)
};

// Every length and offset is checked against the file before anything is read through it.
Result<ModelFile> open_model_file(const std::filesystem::path&);

}  // namespace mill
