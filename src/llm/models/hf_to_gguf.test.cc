#include "llm/models/hf_to_gguf.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/scratch_folder.h"
#include "base/test_data.h"
#include "data/model_file.h"
#include "data/quants.h"
#include "data/tokenizer/tokenizer.h"
#include "llm/models/families.h"
#include "llm/models/family_goldens.h"
#include "llm/models/gguf_to_hf.h"
#include "llm/models/made_up_folder.h"
#include "llm/models/reference.h"

namespace mill::llm {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace made_up;
using test_data::empty_folder;

// The first number of each row, divided by the row length: which row of the source it is.
std::vector<int> rows_of(const ModelFile& file, std::string_view name) {
  const Tensor* tensor = file.find(name);
  REQUIRE(tensor != nullptr);
  std::vector<float> values(static_cast<size_t>(tensor->values()));
  dequantize(tensor->dtype, tensor->bytes, values);
  std::vector<int> out;
  for (size_t i = 0; i < values.size(); i += 8) out.push_back(static_cast<int>(values[i] / 8));
  return out;
}

std::string error_of(const json& config) {
  const fs::path folder = empty_folder("hf_to_gguf_refused");
  write_folder(folder, config);
  const auto result = convert_hf_folder(folder, folder / "out.gguf", {.dtype = DType::F32});
  CHECK_FALSE(fs::exists(folder / "out.gguf"));
  return result ? "" : result.error().message;
}

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a llama folder becomes a GGUF with its keys, names, vocabulary and order of rows") {
  const fs::path folder = empty_folder("hf_to_gguf");
  write_folder(folder, config_of("LlamaForCausalLM"));
  REQUIRE(convert_hf_folder(folder, folder / "out.gguf", {.dtype = DType::F16}));
  const auto file = open_model_file(folder / "out.gguf");
  REQUIRE(file);
  CHECK(*file->meta("general.architecture") == MetaValue(std::string_view("llama")));
  CHECK(*file->meta("llama.block_count") == MetaValue(uint64_t{1}));
  CHECK(*file->meta("llama.attention.head_count_kv") == MetaValue(uint64_t{1}));
  CHECK(*file->meta("llama.attention.key_length") == MetaValue(uint64_t{4}));
  CHECK(*file->meta("tokenizer.ggml.tokens") ==
        MetaValue(std::vector<std::string_view>{"a", "b", "ab", "<s>", "<x>", "[PAD5]"}));
  CHECK(*file->meta("tokenizer.ggml.token_type") ==
        MetaValue(std::vector<int64_t>{1, 1, 1, 3, 4, 5}));
  CHECK(*file->meta("tokenizer.ggml.merges") == MetaValue(std::vector<std::string_view>{"a b"}));
  CHECK(*file->meta("tokenizer.ggml.pre") == MetaValue(std::string_view("gpt-2")));
  CHECK(*file->meta("tokenizer.ggml.eos_token_id") == MetaValue(uint64_t{4}));
  CHECK(*file->meta("tokenizer.ggml.add_bos_token") == MetaValue(true));
  CHECK(*file->meta("tokenizer.chat_template") == MetaValue(std::string_view("{{ messages }}")));
  CHECK(file->find("output.weight") == nullptr);  // tied to the embedding
  CHECK(file->find("output_norm.weight")->dtype == DType::F32);
  CHECK(file->find("blk.0.ffn_up.weight")->dtype == DType::F16);
  CHECK(rows_of(*file, "blk.0.attn_q.weight") == std::vector<int>{0, 2, 1, 3, 4, 6, 5, 7});
  CHECK(rows_of(*file, "blk.0.attn_k.weight") == std::vector<int>{0, 2, 1, 3});
  CHECK(rows_of(*file, "blk.0.attn_v.weight") == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("other architectures keep the order of rows") {
  const fs::path folder = empty_folder("hf_to_gguf_qwen");
  json config = config_of("Qwen3ForCausalLM");
  config["head_dim"] = 4;
  write_folder(folder, config);
  REQUIRE(convert_hf_folder(folder, folder / "out.gguf", {.dtype = DType::F32}));
  const auto file = open_model_file(folder / "out.gguf");
  REQUIRE(file);
  CHECK(rows_of(*file, "blk.0.attn_k.weight") == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("Llama 3.1's rotation becomes a tensor of factors") {
  const fs::path folder = empty_folder("hf_to_gguf_rope");
  json config = config_of("LlamaForCausalLM");
  config["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", 8.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 64}};
  write_folder(folder, config);
  REQUIRE(convert_hf_folder(folder, folder / "out.gguf", {.dtype = DType::F32}));
  const auto file = open_model_file(folder / "out.gguf");
  REQUIRE(file);
  const Tensor* factors = file->find("rope_freqs.weight");
  REQUIRE(factors != nullptr);
  std::vector<float> values(2);
  dequantize(DType::F32, factors->bytes, values);
  CHECK(values == std::vector<float>{1.0F, 8.0F});  // waves of 2π and of 200π in a context of 64
}

TEST_CASE("what cannot be converted is refused by name, and leaves no file") {
  json config = config_of("LlamaForCausalLM");
  CHECK(mentions(error_of(config_of("PhiForCausalLM")), "architecture \"PhiForCausalLM\""));
  config["rope_scaling"] = {{"rope_type", "longrope"}};
  CHECK(mentions(error_of(config), "rope scaling \"longrope\""));
  config = config_of("LlamaForCausalLM");
  config["stranger"] = true;
  CHECK(mentions(error_of(config), "tensor model.layers.0.self_attn.sinks has no place"));
  config = config_of("LlamaForCausalLM");
  config["num_attention_heads"] = 4;
  CHECK(mentions(error_of(config), "has shape (4, 8)"));
  config["tie_word_embeddings"] = "yes";
  CHECK(mentions(error_of(config), "tie_word_embeddings should be true or false"));
}

TEST_CASE("SmolLM3 with other layers unrotated than a GGUF implies is refused") {
  const fs::path folder = empty_folder("hf_to_gguf_no_rope");
  const fs::path golden = fs::path(TOKENMILL_SOURCE_DIR) / "tests/golden/families/smollm3";
  json config = json::parse(std::ifstream(golden / "config.json"));
  config["no_rope_layers"] = {1, 0, 1, 1};
  std::ofstream(folder / "config.json") << config;
  fs::copy_file(golden / "model.safetensors", folder / "model.safetensors");
  write_tokenizer(folder);
  const auto result = convert_hf_folder(folder, folder / "out.gguf", {.dtype = DType::F32});
  REQUIRE_FALSE(result);
  CHECK(mentions(result.error().message, "no_rope_layers"));
}

TEST_CASE("a folder without tokenizer.json is told what it lacks") {
  const fs::path folder = empty_folder("hf_to_gguf_no_tokenizer");
  write_folder(folder, config_of("LlamaForCausalLM"));
  fs::remove(folder / "tokenizer.json");
  const auto result = convert_hf_folder(folder, folder / "out.gguf", {.dtype = DType::F32});
  REQUIRE_FALSE(result);
  CHECK(mentions(result.error().message, "no tokenizer.json, and a GGUF carries its vocabulary"));
}

namespace {

ModelDescription describe(const fs::path& path) {
  auto file = open_model_file(path);
  REQUIRE_MESSAGE(file.has_value(), path.string(), ": ", file.error().message);
  auto model = describe_model(std::make_shared<const ModelFile>(std::move(*file)));
  REQUIRE_MESSAGE(model.has_value(), path.string(), ": ", model.error().message);
  return std::move(*model);
}

// What the folder's config becomes on the way: the 1 is added to the norms, and where rotation
// pairs neighbours, the rows have moved.
ModelConfig as_converted(ModelConfig config, const ModelConfig& converted) {
  config.norm_weight_offset = 0;
  config.rope_pairs = converted.rope_pairs;
  return config;
}

fs::path convert_golden(const FamilyGolden& golden) {
  const fs::path folder = golden_folder(golden, "hf_to_gguf_golden");
  const auto result = convert_hf_folder(folder, folder / "out.gguf", {.dtype = DType::F32});
  REQUIRE_MESSAGE(result.has_value(), golden.name, ": ", result.error().message);
  return folder / "out.gguf";
}

}  // namespace

TEST_CASE("every family, converted: the same config, the same logits") {
  std::set<std::string> families;
  for (const FamilyGolden& golden : family_goldens(TOKENMILL_SOURCE_DIR)) {
    if (!fs::is_directory(golden.model)) continue;
    const ModelDescription from = describe(golden.model), to = describe(convert_golden(golden));
    CHECK_MESSAGE(as_converted(from.config, to.config) == to.config, golden.name);
    const double error = golden.error_of(reference_logits(to, golden.tokens));
    CHECK_MESSAGE(error < 1e-5, golden.name, ": ", error);
    families.insert(to.config.family);
  }
  for (const Family& family : family_table())
    CHECK_MESSAGE(families.contains(std::string(family.name)), family.name, " was not converted");
}

// The converter of tools/make_family_goldens.py is another one: the `gguf` package's.
TEST_CASE("the goldens' own GGUFs have the same tensors and no key that ours lack") {
  for (const FamilyGolden& golden : family_goldens(TOKENMILL_SOURCE_DIR)) {
    const fs::path theirs_path = golden.model / "model.gguf";
    if (!fs::exists(theirs_path)) continue;
    INFO(golden.name);
    const auto ours = open_model_file(convert_golden(golden)),
               theirs = open_model_file(theirs_path);
    REQUIRE(ours);
    REQUIRE(theirs);
    for (const auto& [key, value] : theirs->metadata) {
      INFO(key);
      if (!key.starts_with("tokenizer.") && !key.starts_with("general.quant"))
        CHECK((ours->meta(key) != nullptr && *ours->meta(key) == value));
    }
    CHECK(ours->tensors.size() == theirs->tensors.size());
    for (const Tensor& tensor : theirs->tensors) {
      const Tensor* same = ours->find(tensor.name);
      INFO(tensor.name);
      CHECK((same != nullptr && same->shape == tensor.shape));
    }
  }
}

namespace {

struct CarriedVocabulary {
  const char* name;
  int rows;
  const char* model;
};

// Under a sanitizer one of each model stands for the others.
std::vector<CarriedVocabulary> carried_vocabularies() {
  std::vector<CarriedVocabulary> some = {{"llama2", 32000, "llama"}, {"llama3_2", 128256, "gpt2"}};
  if (test_data::kSanitized) return some;
  some.push_back({"gemma3", 262144, "llama"});  // and one token behind the last
  some.push_back({"mistral_nemo", 131072, "gpt2"});
  some.push_back({"qwen3", 151936, "gpt2"});
  return some;
}

}  // namespace

TEST_CASE("a vocabulary, converted and converted back, encodes as it did") {
  const auto data = test_data::unpacked("tokenizers", TOKENMILL_SOURCE_DIR, TOKENMILL_BINARY_DIR);
  if (!data) {
    MESSAGE("skipped: no tokenizers.tar.zst (set TOKENMILL_SHARED_DATA)");
    return;
  }
  const std::vector<std::string> texts = sample_texts(*data / "tokenizers");
  CHECK(texts.size() > 200);
  for (const CarriedVocabulary& row : carried_vocabularies()) {
    INFO(std::string(row.name));
    const fs::path folder = empty_folder("hf_to_gguf_vocabulary");
    write_carrier(folder, row.rows);
    for (const char* name : {"tokenizer.json", "tokenizer_config.json"})
      fs::copy_file(*data / "tokenizers" / row.name / name, folder / name);
    const auto result = convert_hf_folder(folder, folder / "out.gguf", {.dtype = DType::F32});
    REQUIRE_MESSAGE(result.has_value(), result.error().message);
    const auto file = open_model_file(folder / "out.gguf");
    REQUIRE(file);
    CHECK(*file->meta("tokenizer.ggml.model") == MetaValue(std::string_view(row.model)));
    REQUIRE(convert_to_hf_folder(folder / "out.gguf", folder / "back", {.dtype = DType::F32}));
    const auto before = Tokenizer::open(*open_model_file(folder)), after = Tokenizer::open(*file),
               back = Tokenizer::open(*open_model_file(folder / "back"));
    for (const auto* tokenizer : {&before, &after, &back}) REQUIRE(*tokenizer);
    for (const auto* tokenizer : {&after, &back}) {
      CHECK(before->bos() == (*tokenizer)->bos());
      CHECK(before->eos() == (*tokenizer)->eos());
    }
    for (const std::string& text : texts) {
      INFO(text);
      const auto ids = before->encode(text);
      CHECK(ids == after->encode(text));
      CHECK(ids == back->encode(text));
      CHECK(before->decode(ids) == after->decode(ids));
      CHECK(before->decode(ids) == back->decode(ids));
    }
  }
}

}  // namespace mill::llm
