#pragma once
// The families of models that we run: one row here and one file each. A family's file turns
// hyperparameters into a ModelConfig; from there on, nothing knows a model's name.

#include <span>
#include <string_view>

#include "base/error.h"
#include "llm/models/config.h"
#include "llm/models/hyperparameters.h"

namespace mill::llm {

using ReadFamily = Result<ModelConfig> (*)(const Hyperparameters&);

struct Family {
  std::string_view name;
  std::span<const std::string_view> gguf;          // general.architecture
  std::span<const std::string_view> hugging_face;  // config.json's architectures
  bool (*claims)(const Hyperparameters&);  // where families share a GGUF architecture; null = yes
  ReadFamily read;
};

// In the order of asking: the first row whose architecture fits and that claims the file has it.
std::span<const Family> family_table();

Result<ModelConfig> read_llama(const Hyperparameters&);
Result<ModelConfig> read_mistral(const Hyperparameters&);
Result<ModelConfig> read_mixtral(const Hyperparameters&);
Result<ModelConfig> read_qwen2(const Hyperparameters&);
Result<ModelConfig> read_qwen3(const Hyperparameters&);
Result<ModelConfig> read_nemotron(const Hyperparameters&);
Result<ModelConfig> read_smollm3(const Hyperparameters&);
Result<ModelConfig> read_gemma3(const Hyperparameters&);

// What a GGUF implies where it does not say: query_pre_attn_scalar is head_dim in all sizes but the
// one of 62 layers (27B), where it is width/heads.
float gemma3_attention_scale(const ModelConfig&);

bool claims_mistral(const Hyperparameters&);
bool claims_mixtral(const Hyperparameters&);

}  // namespace mill::llm
