#include "data/hf_vocabulary.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>

#include "base/printable.h"
#include "data/hf_folder.h"

namespace mill {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// tokenizer.ggml.token_type (llama.h, `llama_token_type`)
enum TokenType : int64_t { kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5 };

struct Vocabulary {
  std::vector<std::string> tokens;
  std::vector<int64_t> types;
};

std::string step_text(const json& step) {
  const std::string type = step.value("type", "?");
  const json pattern = step.value("pattern", json::object());
  return pattern.contains("Regex") ? type + " " + pattern.value("Regex", "") : type;
}

// What a pre-tokenizer does, in a line: the types of its steps and the patterns they split by.
std::string recipe_of(const json& pre) {
  if (!pre.is_object()) return "none";
  if (pre.value("type", "") != "Sequence") return step_text(pre);
  std::string text;
  for (const json& step : pre.value("pretokenizers", json::array()))
    text += (text.empty() ? "" : "; ") + step_text(step);
  return text;
}

// The names are those that llama.cpp's converter gives to these recipes.
struct Recipe {
  std::string_view recipe, name;
};
constexpr std::array kRecipes = {
    Recipe{"ByteLevel", "gpt-2"},
    Recipe{"Digits; ByteLevel", "smollm"},
    Recipe{R"(Split (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
           R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+; ByteLevel)",
           "llama-bpe"},
    Recipe{R"(Split (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
           R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+; ByteLevel)",
           "qwen2"},
};

Result<std::string_view> pre_tokenizer_name(const json& tokenizer) {
  const std::string recipe = recipe_of(tokenizer.value("pre_tokenizer", json()));
  for (const Recipe& row : kRecipes)
    if (row.recipe == recipe) return row.name;
  return fail(ErrorKind::unsupported,
              "tokenizer.json: converting the pre-tokenizer \"{}\" is not supported; open the "
              "folder as it is, or take a GGUF of this model",
              printable(recipe, 160));
}

Result<void> place(Vocabulary& out, const json& id, std::string text, TokenType type) {
  if (!id.is_number_unsigned() || id.get<uint64_t>() >= out.tokens.size())
    return fail(ErrorKind::invalid, "tokenizer.json: token {} has no id below {}", printable(text),
                out.tokens.size());
  out.tokens[id.get<uint64_t>()] = std::move(text);
  out.types[id.get<uint64_t>()] = type;
  return {};
}

Result<Vocabulary> read_tokens(const json& tokenizer, uint64_t size) {
  Vocabulary out{std::vector<std::string>(size), std::vector<int64_t>(size, kUnused)};
  for (uint64_t i = 0; i < size; ++i) out.tokens[i] = fmt::format("[PAD{}]", i);
  const json words = tokenizer.at("model").value("vocab", json::object());
  for (const auto& [text, id] : words.items()) TRY(place(out, id, text, kNormal));
  for (const json& token : tokenizer.value("added_tokens", json::array())) {
    const TokenType type = token.value("special", false) ? kControl : kUserDefined;
    TRY(place(out, token.value("id", json()), token.value("content", ""), type));
  }
  return out;
}

// Merges are written "left right" or, since 2024, ["left", "right"].
std::vector<std::string> read_merges(const json& model) {
  std::vector<std::string> out;
  for (const json& merge : model.value("merges", json::array()))
    out.push_back(merge.is_array()
                      ? merge.at(0).get<std::string>() + " " + merge.at(1).get<std::string>()
                      : merge.get<std::string>());
  return out;
}

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

// A special token is written "<s>" or {"content": "<s>", …}.
std::optional<uint64_t> special_id(const json& settings, const char* key, const Vocabulary& words) {
  const json value = settings.value(key, json());
  const json text = value.is_object() ? value.value("content", json()) : value;
  if (!text.is_string()) return std::nullopt;
  const auto found = std::ranges::find(words.tokens, text.get<std::string>());
  if (found == words.tokens.end()) return std::nullopt;
  return static_cast<uint64_t>(found - words.tokens.begin());
}

std::string template_of(const fs::path& folder, const json& settings) {
  if (std::ifstream file(folder / "chat_template.jinja"); file)
    return {std::istreambuf_iterator<char>(file), {}};
  const json value = settings.value("chat_template", json());
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return "";
  for (const json& named : value)
    if (named.value("name", "") == "default") return named.value("template", "");
  return "";
}

void put_settings(const fs::path& folder, const json& settings, const Vocabulary& words,
                  GgufWriter& writer) {
  constexpr std::array kSpecial = {std::pair{"bos_token", "tokenizer.ggml.bos_token_id"},
                                   std::pair{"eos_token", "tokenizer.ggml.eos_token_id"},
                                   std::pair{"unk_token", "tokenizer.ggml.unknown_token_id"},
                                   std::pair{"pad_token", "tokenizer.ggml.padding_token_id"}};
  for (const auto& [name, key] : kSpecial)
    if (const auto id = special_id(settings, name, words)) writer.set(key, *id);
  for (const char* name : {"add_bos_token", "add_eos_token"})
    if (settings.contains(name) && settings[name].is_boolean())
      writer.set(std::string("tokenizer.ggml.") + name, settings[name].get<bool>());
  const std::string text = template_of(folder, settings);
  if (!text.empty()) writer.set("tokenizer.chat_template", std::string_view(text));
}

Result<void> put(const fs::path& folder, uint64_t vocab, GgufWriter& writer) {
  TRY_ASSIGN(const json tokenizer, read_json_object(folder / "tokenizer.json"));
  const json model = tokenizer.value("model", json::object());
  if (model.value("type", "") != "BPE" || model.value("byte_fallback", false))
    return fail(
        ErrorKind::unsupported,
        "tokenizer.json: only byte-level BPE vocabularies can be converted; open the folder "
        "as it is, or take a GGUF of this model");
  TRY_ASSIGN(const std::string_view pre, pre_tokenizer_name(tokenizer));
  TRY_ASSIGN(const Vocabulary words, read_tokens(tokenizer, vocab));
  writer.set("tokenizer.ggml.model", std::string_view("gpt2"));
  writer.set("tokenizer.ggml.pre", pre);
  writer.set("tokenizer.ggml.tokens", views(words.tokens));
  writer.set("tokenizer.ggml.token_type", words.types);
  writer.set("tokenizer.ggml.merges", views(read_merges(model)));
  json settings = json::object();
  if (fs::exists(folder / "tokenizer_config.json")) {
    TRY_ASSIGN(settings, read_json_object(folder / "tokenizer_config.json"));
  }
  put_settings(folder, settings, words, writer);
  return {};
}

}  // namespace

Result<void> put_vocabulary(const fs::path& folder, uint64_t vocab, GgufWriter& writer) {
  try {
    return put(folder, vocab, writer);
  } catch (const json::exception& error) {
    return fail(ErrorKind::invalid, "{}: the tokenizer's files are not as expected: {}",
                folder.string(), error.what());
  }
}

}  // namespace mill
