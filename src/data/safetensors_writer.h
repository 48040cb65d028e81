#pragma once
// Makes safetensors files (docs/formats/safetensors.md).
//   SafetensorsWriter writer;
//   writer.add({.name = "model.norm.weight", .dtype = DType::F32, .shape = {576}, .bytes = {}});
//   TRY(writer.write(path, [&](size_t i) -> Result<std::span<const std::byte>> { … }));

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/tensor.h"

namespace mill {

class SafetensorsWriter {
 public:
  static bool writes(DType);  // F32, F16 and BF16

  void add(Tensor);  // its bytes are not looked at: they come from write()'s source

  // The bytes of tensor `index`, asked for once each and in order; valid until the next call.
  using Source = std::function<Result<std::span<const std::byte>>(size_t index)>;
  Result<void> write(const std::filesystem::path&, const Source&) const;

  uint64_t file_bytes() const;

 private:
  std::string header() const;
  uint64_t data_bytes() const;
  std::vector<Tensor> tensors_;
};

}  // namespace mill
