#include "llm/models/hf_to_gguf.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <string>

#include "base/test_data.h"
#include "data/model_file.h"
#include "data/quants.h"
#include "data/tokenizer/tokenizer.h"
#include "llm/models/families.h"
#include "llm/models/family_goldens.h"
#include "llm/models/reference.h"

namespace mill::llm {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path empty_folder(const char* name) {
  const fs::path folder = fs::path(TOKENMILL_BINARY_DIR) / "test-scratch" / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

// Tensors whose numbers count up from 0, in F32.
void write_safetensors(const fs::path& path,
                       const std::map<std::string, std::vector<int>>& shapes) {
  json header;
  std::vector<float> values;
  for (const auto& [name, shape] : shapes) {
    const size_t begin = values.size();
    values.resize(begin + static_cast<size_t>(
                              std::accumulate(shape.begin(), shape.end(), 1, std::multiplies<>())));
    std::iota(values.begin() + static_cast<std::ptrdiff_t>(begin), values.end(), 0.0F);
    header[name] = {
        {"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin * 4, values.size() * 4}}};
  }
  const std::string text = header.dump();
  const uint64_t size = text.size();
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&size), 8) << text;
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * 4));
}

json config_of(const char* architecture) {
  return {{"architectures", {architecture}},
          {"num_hidden_layers", 1},
          {"hidden_size", 8},
          {"intermediate_size", 12},
          {"max_position_embeddings", 64},
          {"num_attention_heads", 2},
          {"num_key_value_heads", 1},
          {"vocab_size", 6},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 10000.0},
          {"tie_word_embeddings", true}};
}

// Five tokens, byte-level.
void write_tokenizer(const fs::path& folder) {
  std::ofstream(folder / "tokenizer.json") << json::parse(R"({
    "pre_tokenizer": {"type": "ByteLevel"},
    "added_tokens": [{"id": 3, "content": "<s>", "special": true},
                     {"id": 4, "content": "<x>", "special": false}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}})");
}

// A tiny model: width 8, two heads of 4, one of them for keys; five tokens and a row without one.
void write_folder(const fs::path& folder, const json& config) {
  const std::string layer = "model.layers.0.";
  std::ofstream(folder / "config.json") << config;
  write_tokenizer(folder);
  std::ofstream(folder / "tokenizer_config.json") << json::parse(
      R"({"bos_token": "<s>", "eos_token": {"content": "<x>"}, "add_bos_token": true,
          "chat_template": "{{ messages }}"})");
  std::map<std::string, std::vector<int>> shapes = {
      {"model.embed_tokens.weight", {6, 8}},
      {"lm_head.weight", {6, 8}},
      {"model.norm.weight", {8}},
      {layer + "input_layernorm.weight", {8}},
      {layer + "post_attention_layernorm.weight", {8}},
      {layer + "self_attn.q_proj.weight", {8, 8}},
      {layer + "self_attn.k_proj.weight", {4, 8}},
      {layer + "self_attn.v_proj.weight", {4, 8}},
      {layer + "self_attn.o_proj.weight", {8, 8}},
      {layer + "mlp.gate_proj.weight", {12, 8}},
      {layer + "mlp.up_proj.weight", {12, 8}},
      {layer + "mlp.down_proj.weight", {8, 12}}};
  if (config["architectures"][0] == "Qwen3ForCausalLM")
    for (const char* name : {"self_attn.q_norm.weight", "self_attn.k_norm.weight"})
      shapes[layer + name] = {4};
  if (config.contains("stranger")) shapes[layer + "self_attn.sinks"] = {2};
  write_safetensors(folder / "model.safetensors", shapes);
}

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
  const fs::path folder = empty_folder("hf_to_gguf_golden");
  for (const char* name : {"config.json", "model.safetensors"})
    fs::copy_file(golden.model / name, folder / name);
  write_tokenizer(folder);
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

// A model of no use but to carry a vocabulary: one layer, width 2, a row for each token.
void write_carrier(const fs::path& folder, int vocab) {
  json config = config_of("LlamaForCausalLM");
  config.update({{"vocab_size", vocab}, {"hidden_size", 2}, {"intermediate_size", 2}});
  config.update({{"num_attention_heads", 1}, {"num_key_value_heads", 1}});
  std::ofstream(folder / "config.json") << config;
  std::map<std::string, std::vector<int>> shapes = {{"model.embed_tokens.weight", {vocab, 2}},
                                                    {"model.norm.weight", {2}}};
  for (const char* name : {"input_layernorm", "post_attention_layernorm"})
    shapes["model.layers.0." + std::string(name) + ".weight"] = {2};
  for (const char* name : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj",
                           "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"})
    shapes["model.layers.0." + std::string(name) + ".weight"] = {2, 2};
  write_safetensors(folder / "model.safetensors", shapes);
}

// Lines of the test texts, and whatever else vocabularies stumble over.
std::vector<std::string> sample_texts(const fs::path& vocabularies) {
  std::vector<std::string> texts = {
      "",       " ",          "  ",       "a",
      " a",     "a ",         "\n",       "\n\n",
      " \n \n", "\t\tx",      "<s>a</s>", "<bos>x<eos>",
      "<unk>",  "1234567890", "🦙 ✨ 🤖", std::string(17, ' ') + "x" + std::string(31, ' ')};
  const fs::path sources[] = {vocabularies / "ggml-vocab/ggml-vocab-llama-spm.gguf.inp",
                              vocabularies / "chat-templates/README.md",
                              vocabularies / "chat-templates/Qwen3-Coder.jinja",
                              fs::path(TOKENMILL_SOURCE_DIR) / "docs/formats/model_families.md"};
  for (const fs::path& path : sources) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) texts.push_back(line);
  }
  return texts;
}

struct CarriedVocabulary {
  const char* name;
  int rows;
  const char* model;
};

}  // namespace

TEST_CASE("a converted vocabulary encodes as the tokenizer.json that it comes from") {
  const auto data = test_data::unpacked("tokenizers", TOKENMILL_SOURCE_DIR, TOKENMILL_BINARY_DIR);
  if (!data) {
    MESSAGE("skipped: no tokenizers.tar.zst (set TOKENMILL_SHARED_DATA)");
    return;
  }
  const CarriedVocabulary rows[] = {{"llama2", 32000, "llama"},
                                    {"gemma3", 262144, "llama"},  // and one token behind the last
                                    {"mistral_nemo", 131072, "gpt2"},
                                    {"llama3_2", 128256, "gpt2"},
                                    {"qwen3", 151936, "gpt2"}};
  const std::vector<std::string> texts = sample_texts(*data / "tokenizers");
  CHECK(texts.size() > 200);
  for (const CarriedVocabulary& row : rows) {
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
    const auto before = Tokenizer::open(*open_model_file(folder)), after = Tokenizer::open(*file);
    REQUIRE(before);
    REQUIRE(after);
    CHECK(before->bos() == after->bos());
    CHECK(before->eos() == after->eos());
    for (const std::string& text : texts) {
      INFO(text);
      const auto ids = before->encode(text);
      CHECK(ids == after->encode(text));
      CHECK(before->decode(ids) == after->decode(ids));
    }
  }
}

}  // namespace mill::llm
