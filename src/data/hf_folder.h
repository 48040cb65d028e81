#pragma once
// A model as Hugging Face publishes it: a folder with config.json, model.safetensors (or shards
// listed in model.safetensors.index.json) and, mostly, generation_config.json and tokenizer.json.

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/model_file.h"

namespace mill {

// Tensors are sorted by name, and aligned to their numbers. What generation_config.json says
// replaces what config.json says (it has all the end-of-text tokens, where that has one).
Result<ModelFile> open_hf_folder(const std::filesystem::path&);

// A JSON file of such a folder; an error names the file, and the byte where it stops being JSON.
Result<nlohmann::json> read_json_object(const std::filesystem::path&);

}  // namespace mill
