#pragma once
// A Hugging Face folder as one GGUF file, with the names, the keys, the order of rows and the
// offsets of norms that llama.cpp's convert_hf_to_gguf.py gives them. Every family of the table.

#include <filesystem>

#include "base/error.h"
#include "data/requantize.h"

namespace mill::llm {

Result<Requantized> convert_hf_folder(const std::filesystem::path& folder,
                                      const std::filesystem::path& output,
                                      const RequantizeOptions&);

}  // namespace mill::llm
