#include "llm/models/families.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>

#include "base/test_data.h"
#include "llm/models/reference.h"
#include "llm/models/weights.h"

namespace mill::llm {
namespace {

// A llama of zeros: 2 layers, width 8, 4 heads over 2, hidden 16, vocabulary 10.
struct TinyFile {
  ModelFile file;
  std::shared_ptr<std::vector<float>> zeros = std::make_shared<std::vector<float>>(256);

  void tensor(std::string name, std::vector<int64_t> shape) {
    Tensor t{std::move(name), DType::F32, std::move(shape), {}};
    const auto values = static_cast<size_t>(t.values());
    t.bytes = std::as_bytes(std::span(*zeros)).first(values * sizeof(float));
    file.tensors.push_back(std::move(t));
  }

  TinyFile() {
    file.path = "tiny.gguf";
    file.owners.push_back(zeros);
    file.metadata = {{"general.architecture", std::string_view("llama")},
                     {"llama.block_count", uint64_t{2}},
                     {"llama.context_length", uint64_t{64}},
                     {"llama.embedding_length", uint64_t{8}},
                     {"llama.feed_forward_length", uint64_t{16}},
                     {"llama.attention.head_count", uint64_t{4}},
                     {"llama.attention.head_count_kv", uint64_t{2}},
                     {"llama.attention.layer_norm_rms_epsilon", 1e-5},
                     {"llama.rope.dimension_count", uint64_t{2}},
                     {"llama.rope.freq_base", 10000.0}};
    tensor("token_embd.weight", {10, 8});
    tensor("output_norm.weight", {8});
    for (const std::string layer : {"blk.0.", "blk.1."}) {
      tensor(layer + "attn_norm.weight", {8});
      tensor(layer + "attn_q.weight", {8, 8});
      tensor(layer + "attn_k.weight", {4, 8});
      tensor(layer + "attn_v.weight", {4, 8});
      tensor(layer + "attn_output.weight", {8, 8});
      tensor(layer + "ffn_norm.weight", {8});
      tensor(layer + "ffn_gate.weight", {16, 8});
      tensor(layer + "ffn_up.weight", {16, 8});
      tensor(layer + "ffn_down.weight", {8, 16});
    }
    std::ranges::sort(file.tensors, {}, &Tensor::name);
  }

  Tensor& at(std::string_view name) {
    return *std::ranges::find(file.tensors, name, &Tensor::name);
  }
  Result<ModelDescription> describe() const {
    return describe_model(std::make_shared<const ModelFile>(file));
  }
  std::string error() const {
    const auto model = describe();
    return model ? "no error" : model.error().message;
  }
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a well-formed file is described") {
  const TinyFile tiny;
  const auto model = tiny.describe();
  REQUIRE_MESSAGE(model.has_value(), tiny.error());
  CHECK(model->config.family == "llama");
  CHECK(model->config.head_dim == 2);
  CHECK(model->config.tied_embeddings);
  CHECK(model->weights.head == model->weights.embedding);
  CHECK(model->weights.layer.size() == 2);
  const auto logits = reference_logits(*model, std::vector<TokenId>{1, 2, 3});
  CHECK(logits == std::vector<float>(30, 0.0F));
  CHECK(reference_logits(*model, std::vector<TokenId>{1, 2, 3}, 1).size() == 10);
}

TEST_CASE("every family has a row in the documentation") {
  std::ifstream page(std::string(TOKENMILL_SOURCE_DIR) + "/docs/formats/model_families.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  for (const Family& family : family_table()) {
    CHECK(contains(text, "\n| " + std::string(family.name) + " |"));
    for (const std::string_view name : family.gguf) CHECK(contains(text, name));
    for (const std::string_view name : family.hugging_face) CHECK(contains(text, name));
  }
}

TEST_CASE("an unknown architecture is refused with the list of those there are") {
  TinyFile tiny;
  tiny.file.metadata["general.architecture"] = std::string_view("mamba");
  const auto model = tiny.describe();
  REQUIRE_FALSE(model);
  CHECK(model.error().kind == ErrorKind::unsupported);
  for (const std::string_view part : {"tiny.gguf: ", "\"mamba\"", "llama", "gemma3", "nemotron"})
    CHECK(contains(model.error().message, part));
}

TEST_CASE("a wrong shape is refused by name, with both shapes") {
  TinyFile tiny;
  tiny.at("blk.1.attn_k.weight").shape = {8, 4};
  CHECK(contains(tiny.error(),
                 "tensor 'blk.1.attn_k.weight' has shape (8, 4), but the "
                 "hyperparameters ask for (4, 8)"));
}

TEST_CASE("a missing tensor is refused by name") {
  TinyFile tiny;
  std::erase_if(tiny.file.tensors, [](const Tensor& t) { return t.name == "blk.1.ffn_up.weight"; });
  CHECK(contains(tiny.error(), "tensor 'blk.1.ffn_up.weight' of shape (16, 8) is missing"));
}

TEST_CASE("rows that are not whole blocks are refused") {
  TinyFile tiny;
  tiny.at("blk.0.attn_q.weight").dtype = DType::Q8_0;
  CHECK(contains(tiny.error(), "rows of 8 values are not whole Q8_0 blocks of 32"));
}

TEST_CASE("absurd hyperparameters are refused with name, value and range") {
  struct Row {
    const char* key;
    MetaValue value;
    const char* message;
  };
  const Row rows[] = {
      {"llama.attention.head_count", uint64_t{0}, "llama.attention.head_count = 0 is not within 1"},
      {"llama.attention.head_count", uint64_t{3}, "3 heads cannot share 2 key/value heads"},
      {"llama.attention.head_count_kv", std::vector<uint64_t>{2, 1}, "differs from layer to layer"},
      {"llama.attention.head_count_kv", std::vector<uint64_t>{}, "is an empty list"},
      {"llama.attention.key_length", uint64_t{1} << 40, "llama.attention.key_length = "},
      {"llama.attention.value_length", uint64_t{4}, "values of 4 dimensions beside keys of 2"},
      {"llama.block_count", uint64_t{1000000000}, "llama.block_count = 1000000000 is not within"},
      {"llama.block_count", uint64_t{3}, "tensor 'blk.2.attn_norm.weight' of shape (8) is missing"},
      {"llama.block_count", 1.5, "llama.block_count = 1.5 should be a whole number"},
      {"llama.embedding_length", std::string_view("8"), "should be a number, but is string"},
      {"llama.vocab_size", uint64_t{11}, "'token_embd.weight' has shape (10, 8), but"},
      {"llama.rope.dimension_count", uint64_t{0}, "llama.rope.dimension_count = 0 is not within"},
      {"llama.rope.freq_base", 0.0, "llama.rope.freq_base = 0 is not within"},
      {"llama.rope.freq_base", std::numeric_limits<double>::quiet_NaN(), "= nan is not within"},
      {"llama.rope.scaling.type", std::string_view("longrope"), "\"longrope\" is not one we run"},
      {"llama.attention.layer_norm_rms_epsilon", -1.0, "= -1 is not within"},
      {"llama.expert_count", uint64_t{1} << 33, "llama.expert_count = 8589934592 is not within"},
  };
  for (const Row& row : rows) {
    TinyFile tiny;
    tiny.file.metadata[row.key] = row.value;
    CHECK_MESSAGE(contains(tiny.error(), row.message), row.key, ": ", tiny.error());
  }
}

// Not a claim about any message: whatever a key says, in every family, there is an answer.
TEST_CASE("no value of any hyperparameter crashes") {
  const MetaValue values[] = {uint64_t{0},
                              uint64_t{1},
                              uint64_t{7},
                              std::numeric_limits<uint64_t>::max(),
                              int64_t{-1},
                              1e300,
                              std::numeric_limits<double>::infinity(),
                              true,
                              std::string_view("\xff"),
                              std::vector<bool>{true, false},
                              std::vector<uint64_t>(3, 2)};
  const char* keys[] = {"attention.sliding_window",
                        "attention.sliding_window_pattern",
                        "rope.freq_base_swa",
                        "expert_used_count",
                        "rope.scaling.factor",
                        "rope.scaling.original_context_length",
                        "rope.scaling.type",
                        "final_logit_softcapping",
                        "block_count",
                        "context_length",
                        "embedding_length",
                        "feed_forward_length",
                        "attention.head_count",
                        "attention.key_length",
                        "rope.dimension_count",
                        "expert_count"};
  for (const Family& family : family_table()) {
    const std::string architecture(family.gguf[0]);
    TinyFile tiny;
    const auto original = tiny.file.metadata;
    for (const auto& [key, value] : original) {
      if (key.starts_with("llama.")) tiny.file.metadata[architecture + key.substr(5)] = value;
    }
    tiny.file.metadata["general.architecture"] = std::string_view(architecture);
    for (const char* key : keys) {
      for (const MetaValue& value : values) {
        TinyFile changed = tiny;
        changed.file.metadata[architecture + "." + key] = value;
        static_cast<void>(changed.describe());
      }
    }
  }
}

TEST_CASE("the real llama is described") {
  const auto path = test_data::model("TOKENMILL_MODEL", "SmolLM2-135M-Instruct.Q4_1.gguf");
  if (!path) {
    MESSAGE("skipped: no model file (set TOKENMILL_MODEL)");
    return;
  }
  auto file = open_model_file(*path);
  REQUIRE(file);
  const auto model = describe_model(std::make_shared<const ModelFile>(std::move(*file)));
  REQUIRE_MESSAGE(model.has_value(), model.error().message);
  CHECK(model->config.family == "llama");
  CHECK(model->config.layers == 30);
  CHECK(model->config.vocab == 49152);
  CHECK(model->config.rope_pairs == RopePairs::adjacent);
  CHECK(model->config.tied_embeddings);
}

TEST_CASE("the real Gemma 3 is described") {
  const auto path = test_data::model("TOKENMILL_MODEL_GEMMA", "gemma-3-270m-q4_k_m.gguf");
  if (!path) {
    MESSAGE("skipped: no model file (set TOKENMILL_MODEL_GEMMA)");
    return;
  }
  auto file = open_model_file(*path);
  REQUIRE(file);
  const auto model = describe_model(std::make_shared<const ModelFile>(std::move(*file)));
  REQUIRE_MESSAGE(model.has_value(), model.error().message);
  CHECK(model->config.family == "gemma3");
  CHECK(model->config.head_dim == 256);
  CHECK(model->config.layer[4].window == 512);
  CHECK(model->config.layer[4].rope_base == 10000.0F);
  CHECK(model->config.layer[5].window == 0);
  CHECK(model->config.layer[5].rope_base == 1e6F);
}

}  // namespace mill::llm
