#pragma once
// Tiny vocabularies for the tests, made up, so that something can be checked on every machine.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/model_file.h"
#include "data/tokenizer/utf8.h"

namespace mill::tok::made_up {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// What the byte-level alphabet writes for plain bytes (byte_alphabet.h goes the other way).
inline std::string written(std::string_view bytes) {
  std::string out;
  for (const char letter : bytes) {
    const unsigned byte = static_cast<unsigned char>(letter);
    const bool itself = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    const unsigned before = byte <= 0x20 ? 0 : byte <= 0xA0 ? 0x21 : 0x21 + 34;
    const unsigned rank = byte <= 0x20 ? byte : byte <= 0xA0 ? byte - 0x7F : 0;
    append_utf8(out, itself ? byte : 0x100 + before + rank);
  }
  return out;
}

inline const Pairs kMerges = {{"l", "o"},  {"lo", "w"}, {"e", "r"},   {" ", "low"},    {"i", "n"},
                              {"in", "g"}, {"o", "w"},  {"n", "e"},   {"ne", "w"},     {" ", "new"},
                              {"1", "2"},  {" ", " "},  {"e", "ing"}, {"\xC3", "\xA9"}};

// Ids: bytes 0…255, then the merges' products, then the control tokens.
inline nlohmann::json byte_level() {
  nlohmann::json vocab, merges = nlohmann::json::array();
  for (int byte = 0; byte < 256; ++byte)
    vocab[written(std::string(1, static_cast<char>(byte)))] = byte;
  int id = 256;
  for (const auto& [left, right] : kMerges) {
    vocab[written(left + right)] = id++;
    merges.push_back({written(left), written(right)});
  }
  const auto added = [&](const char* content, bool special) {
    return nlohmann::json{
        {"id", id++}, {"content", content}, {"special", special}, {"normalized", false}};
  };
  return {{"truncation", {{"max_length", 4}}},  // a leftover of training: not ours to follow
          {"added_tokens", {added("<|im_end|>", true), added("<tool>", false)}},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}}}};
}

// A SentencePiece-like vocabulary: <unk> <s> </s>, 256 byte tokens, then these with their scores.
struct Scored {
  std::string text;
  float score;
};
inline const std::vector<Scored> kPieces = {
    {"▁", -9},       {"h", -10},    {"e", -11},     {"l", -12},   {"o", -13},
    {"w", -14},      {"r", -15},    {"d", -16},     {"he", -1},   {"ll", -2},
    {"llo", -3},     {"hello", -4}, {"▁hello", -5}, {"▁w", -6},   {"or", -7},
    {"▁wor", -7.5F}, {"ld", -8},    {"lo", -8.5F},  {"▁▁", -8.6F}};

inline ModelFile scored_gguf() {
  static std::vector<std::string> texts = [] {
    std::vector<std::string> all = {"<unk>", "<s>", "</s>"};
    for (int byte = 0; byte < 256; ++byte) all.push_back(fmt::format("<0x{:02X}>", byte));
    for (const Scored& piece : kPieces) all.push_back(piece.text);
    return all;
  }();
  std::vector<double> scores(texts.size(), 0);
  std::vector<int64_t> types(texts.size(), 1);
  for (size_t i = 0; i < kPieces.size(); ++i)
    scores[259 + i] = static_cast<double>(kPieces[i].score);
  types[0] = 2;
  types[1] = types[2] = 3;
  for (size_t i = 3; i < 259; ++i) types[i] = 6;
  ModelFile file;
  file.path = "made-up.gguf";
  file.metadata["tokenizer.ggml.model"] = std::string_view("llama");
  file.metadata["tokenizer.ggml.tokens"] =
      std::vector<std::string_view>(texts.begin(), texts.end());
  file.metadata["tokenizer.ggml.scores"] = scores;
  file.metadata["tokenizer.ggml.token_type"] = types;
  file.metadata["tokenizer.ggml.bos_token_id"] = uint64_t{1};
  file.metadata["tokenizer.ggml.eos_token_id"] = uint64_t{2};
  return file;
}

// The same vocabulary as the bytes of a tokenizer.model.
inline std::string scored_proto() {
  const auto varint = [](uint64_t value) {
    std::string out;
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    return out + static_cast<char>(value);
  };
  const auto block = [&](int number, const std::string& bytes) {
    return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(bytes.size()) + bytes;
  };
  const ModelFile file = scored_gguf();
  const auto& texts = std::get<std::vector<std::string_view>>(*file.meta("tokenizer.ggml.tokens"));
  const auto& scores = std::get<std::vector<double>>(*file.meta("tokenizer.ggml.scores"));
  const auto& types = std::get<std::vector<int64_t>>(*file.meta("tokenizer.ggml.token_type"));
  std::string out;
  for (size_t i = 0; i < texts.size(); ++i) {
    const auto score = static_cast<float>(scores[i]);
    std::string piece = block(1, std::string(texts[i])) + "\x15";
    piece.append(reinterpret_cast<const char*>(&score), sizeof score);
    out += block(1, piece + "\x18" + varint(static_cast<uint64_t>(types[i])));
  }
  const std::string bpe = std::string("\x18\x02") + varint(35 << 3) + "\x01";
  return out + block(2, bpe) + block(3, std::string("\x20\0", 2));
}

}  // namespace mill::tok::made_up
