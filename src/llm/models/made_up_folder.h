#pragma once
// For tests: tiny Hugging Face folders, made up, and texts to try their vocabularies on.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "base/scratch_folder.h"
#include "llm/models/family_goldens.h"

namespace mill::llm::made_up {

// Tensors whose numbers count up from 0, in F32.
inline void write_safetensors(const std::filesystem::path& path,
                              const std::map<std::string, std::vector<int>>& shapes) {
  nlohmann::json header;
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

inline nlohmann::json config_of(const char* architecture) {
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
inline void write_tokenizer(const std::filesystem::path& folder) {
  std::ofstream(folder / "tokenizer.json") << nlohmann::json::parse(R"({
    "pre_tokenizer": {"type": "ByteLevel"},
    "added_tokens": [{"id": 3, "content": "<s>", "special": true},
                     {"id": 4, "content": "<x>", "special": false}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}})");
}

// A tiny model: width 8, two heads of 4, one of them for keys; five tokens and a row without one.
inline void write_folder(const std::filesystem::path& folder, const nlohmann::json& config) {
  const std::string layer = "model.layers.0.";
  std::ofstream(folder / "config.json") << config;
  write_tokenizer(folder);
  std::ofstream(folder / "tokenizer_config.json") << nlohmann::json::parse(
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

// A model of no use but to carry a vocabulary: one layer, width 2, a row for each token.
inline void write_carrier(const std::filesystem::path& folder, int vocab) {
  nlohmann::json config = config_of("LlamaForCausalLM");
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
inline std::vector<std::string> sample_texts(const std::filesystem::path& vocabularies) {
  std::vector<std::string> texts = {
      "",       " ",          "  ",       "a",
      " a",     "a ",         "\n",       "\n\n",
      " \n \n", "\t\tx",      "<s>a</s>", "<bos>x<eos>",
      "<unk>",  "1234567890", "🦙 ✨ 🤖", std::string(17, ' ') + "x" + std::string(31, ' ')};
  const std::filesystem::path sources[] = {
      vocabularies / "ggml-vocab/ggml-vocab-llama-spm.gguf.inp",
      vocabularies / "chat-templates/README.md", vocabularies / "chat-templates/Qwen3-Coder.jinja",
      std::filesystem::path(TOKENMILL_SOURCE_DIR) / "docs/formats/model_families.md"};
  for (const std::filesystem::path& path : sources) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) texts.push_back(line);
  }
  return texts;
}

// A golden's folder with what it lacks to be converted: a tokenizer.
inline std::filesystem::path golden_folder(const FamilyGolden& golden, const char* scratch) {
  const std::filesystem::path folder = test_data::empty_folder(scratch);
  for (const char* name : {"config.json", "model.safetensors"})
    std::filesystem::copy_file(golden.model / name, folder / name);
  write_tokenizer(folder);
  return folder;
}

}  // namespace mill::llm::made_up
