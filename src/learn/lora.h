#pragma once
// Low-rank adapters (Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, 2021), as PEFT
// lays them out: a folder with adapter_config.json and adapter_model.safetensors, which PEFT, vLLM
// and llama.cpp's converter read.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "learn/decoder.h"

namespace mill::learn {

struct LoraOptions {
  int64_t rank = 16;
  double alpha = 32;                                        // what is added is scaled by alpha/rank
  std::vector<std::string> targets = {"q_proj", "v_proj"};  // of kProjections; "all" = all seven
  uint64_t seed = 1;
};

// Freezes the model and adds adapters: A is drawn as PEFT draws it, uniform within ±1/√inputs; B is
// zero, so that nothing changes before the first step. A target that does not exist, or a rank that
// is no smaller than a matrix, is an error.
Result<void> add_lora(Decoder&, const LoraOptions&);

// The adapters' matrices, by PEFT's names, in a fixed order.
std::vector<NamedTensor> lora_tensors(Decoder&);

// Writes the folder, complete or not at all.
Result<void> save_lora(Decoder&, const LoraOptions&, const std::string& base_model,
                       const std::filesystem::path& folder);

// W += s·B·A, and the adapters are gone.
void merge_lora(Decoder&);

}  // namespace mill::learn
