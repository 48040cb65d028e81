#pragma once
// Makes GGUF version 3 files, in memory (tests) or on the disk (`tokenmill quantize`).
//   GgufWriter writer;
//   writer.set("general.architecture", std::string_view("llama"));
//   writer.add({.name = "output_norm.weight", .dtype = DType::F32, .shape = {576}, .bytes = …});
//   const std::vector<std::byte> file = writer.to_bytes();

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/gguf.h"
#include "data/tensor.h"

namespace mill {

class GgufWriter {
 public:
  // Numbers take the types that readers expect of hyperparameters: 32 bits where they hold the
  // value, 64 where they do not. A key set twice keeps its place and takes the new value.
  void set(std::string_view key, const MetaValue&);
  void set_encoded(std::string_view key, std::span<const std::byte>);  // as in Gguf::entries

  // `bytes` may be empty where the numbers come later, from write()'s source.
  void add(Tensor);

  // The bytes of tensor `index`, asked for once each and in order; valid until the next call.
  using Source = std::function<Result<std::span<const std::byte>>(size_t index)>;
  Result<void> write(const std::filesystem::path&, const Source&) const;
  Result<void> write(const std::filesystem::path&) const;  // from the tensors' own bytes
  std::vector<std::byte> to_bytes() const;                 // the same

  uint64_t file_bytes() const;

 private:
  std::vector<std::byte> header() const;
  std::vector<std::pair<std::string, std::vector<std::byte>>> entries_;
  std::vector<Tensor> tensors_;
};

}  // namespace mill
