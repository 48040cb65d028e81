#include "llm/models/families.h"

#include <algorithm>
#include <array>
#include <string>

#include "llm/models/bind.h"
#include "llm/models/weights.h"

namespace mill::llm {
namespace {

using Names = std::string_view;
constexpr std::array<Names, 1> kLlama{"llama"}, kQwen2{"qwen2"}, kQwen3{"qwen3"},
    kNemotron{"nemotron"}, kSmolLm3{"smollm3"}, kGemma3{"gemma3"};
constexpr std::array<Names, 1> kLlamaHf{"LlamaForCausalLM"}, kMistralHf{"MistralForCausalLM"},
    kMixtralHf{"MixtralForCausalLM"}, kQwen2Hf{"Qwen2ForCausalLM"}, kQwen3Hf{"Qwen3ForCausalLM"},
    kNemotronHf{"NemotronForCausalLM"}, kSmolLm3Hf{"SmolLM3ForCausalLM"};
constexpr std::array<Names, 2> kGemma3Hf{"Gemma3ForCausalLM", "Gemma3ForConditionalGeneration"};

// SmolLM2, TinyLlama and many others are llamas by every name they carry.
constexpr std::array kFamilies = {
    Family{"mixtral", kLlama, kMixtralHf, claims_mixtral, read_mixtral},
    Family{"mistral", kLlama, kMistralHf, claims_mistral, read_mistral},
    Family{"llama", kLlama, kLlamaHf, nullptr, read_llama},
    Family{"qwen2", kQwen2, kQwen2Hf, nullptr, read_qwen2},
    Family{"qwen3", kQwen3, kQwen3Hf, nullptr, read_qwen3},
    Family{"nemotron", kNemotron, kNemotronHf, nullptr, read_nemotron},
    Family{"smollm3", kSmolLm3, kSmolLm3Hf, nullptr, read_smollm3},
    Family{"gemma3", kGemma3, kGemma3Hf, nullptr, read_gemma3},
};

Result<const Family*> family_of(const Hyperparameters& h) {
  std::string known;
  for (const Family& family : kFamilies) {
    const auto names = h.gguf() ? family.gguf : family.hugging_face;
    const bool fits = std::ranges::find(names, h.architecture()) != names.end();
    if (fits && (family.claims == nullptr || family.claims(h))) return &family;
    for (const Names name : names) {
      if (known.find(name) == std::string::npos)
        known += (known.empty() ? "" : ", ") + std::string(name);
    }
  }
  return fail(ErrorKind::unsupported, "architecture \"{}\" is not one we run: {}", h.architecture(),
              known);
}

Result<ModelDescription> describe(std::shared_ptr<const ModelFile> file) {
  TRY_ASSIGN(const Hyperparameters h, Hyperparameters::of(*file));
  TRY_ASSIGN(const Family* family, family_of(h));
  ModelDescription model;
  TRY_ASSIGN(model.config, family->read(h));
  model.config.family = family->name;
  TRY_ASSIGN(model.weights, bind_weights(*file, model.config));
  model.file = std::move(file);
  return model;
}

}  // namespace

std::span<const Family> family_table() { return kFamilies; }

Result<ModelDescription> describe_model(std::shared_ptr<const ModelFile> file) {
  const std::string place = file->path.string();
  Result<ModelDescription> model = describe(std::move(file));
  if (!model) return within(place, std::move(model).error());
  return model;
}

}  // namespace mill::llm
