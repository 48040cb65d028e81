#pragma once
// A Hugging Face folder as one GGUF file, with the names, the keys and the order of rows that
// llama.cpp's convert_hf_to_gguf.py gives them. Architectures: llama, qwen2, qwen3.

#include <filesystem>

#include "base/error.h"
#include "data/requantize.h"

namespace mill {

Result<Requantized> convert_hf_folder(const std::filesystem::path& folder,
                                      const std::filesystem::path& output,
                                      const RequantizeOptions&);

}  // namespace mill
