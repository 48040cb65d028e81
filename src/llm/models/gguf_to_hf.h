#pragma once
// A GGUF file as a Hugging Face folder, for every family of the table: the way back from
// hf_to_gguf.h. config.json, model.safetensors, tokenizer.json, tokenizer_config.json and
// generation_config.json, as transformers loads them.

#include <filesystem>

#include "base/error.h"
#include "data/requantize.h"

namespace mill::llm {

// All tensors get the one type, F32, F16 or BF16. The folder appears complete or not at all, and
// only where there is none, or an empty one.
Result<Requantized> convert_to_hf_folder(const std::filesystem::path& gguf,
                                         const std::filesystem::path& folder,
                                         const RequantizeOptions&);

}  // namespace mill::llm
