#include "data/hf_to_gguf.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <numeric>
#include <string>

#include "data/model_file.h"
#include "data/quants.h"

namespace mill {
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

// A tiny model: width 8, two heads of 4, one of them for keys; five tokens and a row without one.
void write_folder(const fs::path& folder, const json& config) {
  const std::string layer = "model.layers.0.";
  std::ofstream(folder / "config.json") << config;
  std::ofstream(folder / "tokenizer.json") << json::parse(R"({
    "pre_tokenizer": {"type": "ByteLevel"},
    "added_tokens": [{"id": 3, "content": "<s>", "special": true},
                     {"id": 4, "content": "<x>", "special": false}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}})");
  std::ofstream(folder / "tokenizer_config.json") << json::parse(
      R"({"bos_token": "<s>", "eos_token": {"content": "<x>"}, "add_bos_token": true,
          "chat_template": "{{ messages }}"})");
  write_safetensors(folder / "model.safetensors", {{"model.embed_tokens.weight", {6, 8}},
                                                   {"lm_head.weight", {6, 8}},
                                                   {"model.norm.weight", {8}},
                                                   {layer + "self_attn.q_proj.weight", {8, 8}},
                                                   {layer + "self_attn.k_proj.weight", {4, 8}},
                                                   {layer + "self_attn.v_proj.weight", {4, 8}},
                                                   {layer + "mlp.up_proj.weight", {12, 8}}});
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
  write_folder(folder, config_of("Qwen3ForCausalLM"));
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
  CHECK(mentions(error_of(config_of("PhiForCausalLM")), "converting \"PhiForCausalLM\""));
  config["rope_scaling"] = {{"rope_type", "longrope"}};
  CHECK(mentions(error_of(config), "rope type \"longrope\""));
  config = config_of("LlamaForCausalLM");
  config["vocab_size"] = 4;
  CHECK(mentions(error_of(config), "token <x> has no id below 4"));
  config.erase("vocab_size");
  CHECK(mentions(error_of(config), "vocab_size should be a whole number"));
  config = config_of("LlamaForCausalLM");
  config["num_attention_heads"] = 4;
  CHECK(mentions(error_of(config), "4 rows for 1 heads of 2"));
  config["tie_word_embeddings"] = "yes";
  CHECK(mentions(error_of(config), "config.json is not as expected"));
}

}  // namespace mill
