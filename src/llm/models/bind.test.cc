#include "llm/models/bind.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "llm/models/family_goldens.h"
#include "llm/models/reference.h"

// Other spellings of the same models: the weights are found, and the answers stay.

namespace mill::llm {
namespace {

FamilyGolden golden_named(const char* name) {
  return load_family_golden(std::filesystem::path(TOKENMILL_SOURCE_DIR) / "tests/golden/families" /
                            name);
}

ModelFile open(const std::filesystem::path& path) {
  auto file = open_model_file(path);
  REQUIRE_MESSAGE(file.has_value(), file.error().message);
  return std::move(*file);
}

void check(const FamilyGolden& golden, ModelFile file) {
  std::ranges::sort(file.tensors, {}, &Tensor::name);
  const auto model = describe_model(std::make_shared<const ModelFile>(std::move(file)));
  REQUIRE_MESSAGE(model.has_value(), model.error().message);
  CHECK(golden.error_of(reference_logits(*model, golden.tokens)) < 1e-5);
}

}  // namespace

TEST_CASE("a multimodal Gemma 3 keeps its language model one level down") {
  const FamilyGolden golden = golden_named("gemma3");
  for (const std::string prefix : {"language_model.model.", "model.language_model."}) {
    ModelFile file = open(golden.model);
    file.config["architectures"] = nullptr;
    nlohmann::json outer;
    outer["architectures"] = {"Gemma3ForConditionalGeneration"};
    outer["text_config"] = file.config;
    file.config = outer;
    for (Tensor& tensor : file.tensors) tensor.name = prefix + tensor.name.substr(6);
    check(golden, std::move(file));
  }
}

TEST_CASE("older Mixtral GGUFs have a tensor for each expert") {
  FamilyGolden golden = golden_named("mixtral");
  ModelFile file = open(golden.model / "model.gguf");
  std::vector<Tensor> split;
  for (const Tensor& tensor : file.tensors) {
    const size_t stacked = tensor.name.find("_exps.weight");
    if (stacked == std::string::npos) {
      split.push_back(tensor);
      continue;
    }
    const auto experts = static_cast<size_t>(tensor.shape[0]);
    const size_t bytes = tensor.bytes.size() / experts;
    for (size_t e = 0; e < experts; ++e)
      split.push_back({fmt::format("{}.{}.weight", tensor.name.substr(0, stacked), e),
                       tensor.dtype,
                       {tensor.shape[1], tensor.shape[2]},
                       tensor.bytes.subspan(e * bytes, bytes)});
  }
  file.tensors = std::move(split);
  check(golden, std::move(file));
}

TEST_CASE("a description that is copied stays whole") {
  const FamilyGolden golden = golden_named("mixtral");
  ModelDescription copy;
  {
    const auto model =
        describe_model(std::make_shared<const ModelFile>(open(golden.model / "model.gguf")));
    REQUIRE(model);
    copy = *model;
  }
  CHECK(golden.error_of(reference_logits(copy, golden.tokens)) < 1e-5);
}

TEST_CASE("files that share an architecture are told apart") {
  const FamilyGolden golden = golden_named("llama3");
  ModelFile file = open(golden.model / "model.gguf");
  file.metadata["llama.attention.sliding_window"] = uint64_t{5};
  const auto model = describe_model(std::make_shared<const ModelFile>(std::move(file)));
  REQUIRE(model);
  CHECK(model->config.family == "mistral");
  CHECK(model->config.layer.back().window == 5);
}

}  // namespace mill::llm
