#pragma once
// Tensors of a training to and from a safetensors file, in float32.

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "learn/decoder.h"

namespace mill::learn {

// Complete or not at all.
Result<void> save_tensors(const std::vector<NamedTensor>&, const std::filesystem::path&);
Result<void> save_text(std::string_view, const std::filesystem::path&);

// Fills those given from the file, which must hold each, in the same shape.
Result<void> load_tensors(const std::vector<NamedTensor>&, const std::filesystem::path&);

}  // namespace mill::learn
