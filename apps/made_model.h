#pragma once
// `tokenmill bench --make-model`: model files of the shapes that people run, with random weights
// and a made-up vocabulary, for measuring speed where the real files cannot be had. Valid GGUF,
// laid out and named as llama.cpp's converter does it, so that other engines load them, too.

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error.h"

namespace mill::apps {

struct MadeModel {
  std::string shape, quant;  // names of rows: made_shape_names(), made_quant_names()
  std::filesystem::path output;
};

struct MadeModelSize {
  uint64_t bytes = 0, parameters = 0;
};

std::string made_shape_names();  // "smollm2-135m, llama-1b, …"
std::string made_quant_names();  // "bf16, q4_0, q4_k_m, …"

// Tells its progress on standard error. The file appears complete or not at all.
Result<MadeModelSize> make_model(const MadeModel&);

}  // namespace mill::apps
