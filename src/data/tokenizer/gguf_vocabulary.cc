#include "data/tokenizer/gguf_vocabulary.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/mapped_file.h"
#include "base/printable.h"
#include "data/hf_folder.h"
#include "data/tokenizer/decoder.h"
#include "data/tokenizer/gguf_lists.h"
#include "data/tokenizer/gguf_scores.h"
#include "data/tokenizer/json_file.h"
#include "data/tokenizer/text_edit.h"
#include "data/tokenizer/tokenizer.h"

namespace mill {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using tok::JsonFile, tok::TokenType, tok::kNormal, tok::kUnknown, tok::kControl, tok::kUserDefined,
    tok::kUnused, tok::kByte;

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
    Recipe{R"(Split [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
           R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
           R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+; ByteLevel)",
           "tekken"},
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

Result<void> place(Vocabulary& out, int64_t id, std::string_view text, TokenType type) {
  if (id < 0 || static_cast<uint64_t>(id) >= out.tokens.size())
    return fail(ErrorKind::invalid, "tokenizer.json: token {} has no id below {}", printable(text),
                out.tokens.size());
  out.tokens[static_cast<size_t>(id)] = text;
  out.types[static_cast<size_t>(id)] = type;
  return {};
}

Result<Vocabulary> read_words(const JsonFile& file, uint64_t size) {
  Vocabulary out{std::vector<std::string>(size), std::vector<int64_t>(size, kUnused)};
  for (uint64_t i = 0; i < size; ++i) out.tokens[i] = fmt::format("[PAD{}]", i);
  for (size_t i = 0; i < file.vocab_size(); ++i)
    TRY(place(out, file.entry(i).id, file.entry(i).text, kNormal));
  return out;
}

json added_of(const JsonFile& file) { return file.rest.value("added_tokens", json::array()); }

Result<void> put_byte_level(const JsonFile& file, Vocabulary& words, GgufWriter& writer) {
  TRY_ASSIGN(const std::string_view pre, pre_tokenizer_name(file.rest));
  for (const json& token : added_of(file)) {
    const TokenType type = token.value("special", false) ? kControl : kUserDefined;
    TRY(place(words, token.value("id", int64_t{-1}), token.value("content", ""), type));
  }
  std::vector<std::string> merges;
  for (size_t i = 0; i < file.merges_size(); ++i)
    merges.push_back(fmt::format("{} {}", file.merge(i).left, file.merge(i).right));
  writer.set("tokenizer.ggml.model", std::string_view("gpt2"));
  writer.set("tokenizer.ggml.pre", pre);
  writer.set("tokenizer.ggml.merges", std::vector<std::string_view>(merges.begin(), merges.end()));
  return {};
}

// A token added behind the last row of the embedding (<image_soft_token> in Gemma 3's text models)
// is none that the model could read. User-defined ones are written with their spaces.
Result<void> place_added_pieces(const json& added, Vocabulary& words) {
  for (const json& token : added) {
    const auto id = token.value("id", int64_t{-1});
    const bool special = token.value("special", false);
    if (id >= static_cast<int64_t>(words.tokens.size())) continue;
    std::string text = token.value("content", "");
    const tok::TextEdit unmark = tok::Replace{std::string(tok::kMetaspace), std::nullopt, " "};
    if (!special) tok::apply({&unmark, 1}, true, text);
    TRY(place(words, id, text, special ? kControl : kUserDefined));
  }
  return {};
}

Result<void> put_pieces(const JsonFile& file, Vocabulary& words, GgufWriter& writer) {
  TRY_ASSIGN(const bool space, tok::space_prefix(file.rest));
  const json added = added_of(file);
  std::set<std::string> contents;
  for (const json& token : added) contents.insert(token.value("content", ""));
  const std::set<std::string_view> apart(contents.begin(), contents.end());
  TRY_ASSIGN(const std::vector<double> scores, tok::piece_scores(file, apart, words.tokens.size()));
  TRY(place_added_pieces(added, words));
  const json unknown = file.rest.at("model").value("unk_token", json());
  for (size_t i = 0; i < words.tokens.size(); ++i) {
    if (tok::byte_of_token(words.tokens[i]) >= 0) words.types[i] = kByte;
    if (unknown == words.tokens[i]) words.types[i] = kUnknown;
  }
  writer.set("tokenizer.ggml.model", std::string_view("llama"));
  writer.set("tokenizer.ggml.pre", std::string_view("default"));
  writer.set("tokenizer.ggml.scores", scores);
  writer.set("tokenizer.ggml.add_space_prefix", space);
  return {};
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

void put_id(std::string_view key, int64_t id, size_t vocab, GgufWriter& writer) {
  if (id >= 0 && static_cast<size_t>(id) < vocab) writer.set(key, static_cast<uint64_t>(id));
}

// A special token is written "<s>" or {"content": "<s>", …}.
TokenId named(const json& settings, const char* key, const Tokenizer& tokenizer) {
  const json value = settings.value(key, json());
  const json text = value.is_object() ? value.value("content", json()) : value;
  return text.is_string() ? tokenizer.token_named(text.get<std::string>()) : -1;
}

// What goes around a text, as the tokenizer itself does it, whichever file says so.
Result<void> put_frame(const Tokenizer& tokenizer, GgufWriter& writer) {
  const std::vector<TokenId> framed = tokenizer.encode("");
  const size_t inner = tokenizer.encode("", {.add_special = false}).size();
  const size_t frame = framed.size() - inner;
  const bool bos = frame > 0 && framed.front() == tokenizer.bos();
  const bool eos = frame > (bos ? 1 : 0) && framed.back() == tokenizer.eos();
  if (frame != size_t{bos} + size_t{eos})
    return fail(ErrorKind::unsupported,
                "tokenizer.json: its post_processor adds more than BOS and EOS, for which a GGUF "
                "has no key");
  writer.set("tokenizer.ggml.add_bos_token", bos);
  writer.set("tokenizer.ggml.add_eos_token", eos);
  return {};
}

Result<void> put_settings(const ModelFile& folder, const JsonFile& file, size_t vocab,
                          GgufWriter& writer) {
  TRY_ASSIGN(const Tokenizer tokenizer, Tokenizer::open(folder));
  json settings = json::object();
  if (fs::exists(folder.path / "tokenizer_config.json")) {
    TRY_ASSIGN(settings, read_json_object(folder.path / "tokenizer_config.json"));
  }
  json unknown = settings;
  if (named(settings, "unk_token", tokenizer) < 0) unknown = file.rest.at("model");
  put_id("tokenizer.ggml.bos_token_id", tokenizer.bos(), vocab, writer);
  put_id("tokenizer.ggml.eos_token_id", tokenizer.eos(), vocab, writer);
  put_id("tokenizer.ggml.unknown_token_id", named(unknown, "unk_token", tokenizer), vocab, writer);
  put_id("tokenizer.ggml.padding_token_id", named(settings, "pad_token", tokenizer), vocab, writer);
  const std::string text = template_of(folder.path, settings);
  if (!text.empty()) writer.set("tokenizer.chat_template", std::string_view(text));
  return put_frame(tokenizer, writer);
}

Result<JsonFile> read_tokenizer(const fs::path& folder) {
  const fs::path path = folder / "tokenizer.json";
  if (!fs::exists(path))
    return fail(ErrorKind::not_found,
                "no tokenizer.json, and a GGUF carries its vocabulary: put the model's own beside "
                "config.json (transformers writes one from a tokenizer.model by "
                "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER))");
  TRY_ASSIGN(const auto mapped, MappedFile::open(path));
  const auto bytes = mapped->bytes();
  auto file = JsonFile::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!file) return within("tokenizer.json", std::move(file).error());
  return file;
}

Result<void> put(const ModelFile& folder, uint64_t vocab, GgufWriter& writer) {
  TRY_ASSIGN(const JsonFile file, read_tokenizer(folder.path));
  const json& model = file.rest.at("model");
  if (model.value("type", "BPE") != "BPE")
    return fail(ErrorKind::unsupported,
                "tokenizer.json: only BPE vocabularies can be converted, not {}; take a GGUF of "
                "this model",
                printable(model.value("type", "")));
  TRY_ASSIGN(Vocabulary words, read_words(file, vocab));
  const bool pieces = model.value("byte_fallback", false);
  TRY(pieces ? put_pieces(file, words, writer) : put_byte_level(file, words, writer));
  writer.set("tokenizer.ggml.tokens",
             std::vector<std::string_view>(words.tokens.begin(), words.tokens.end()));
  writer.set("tokenizer.ggml.token_type", words.types);
  return put_settings(folder, file, vocab, writer);
}

}  // namespace

Result<void> put_vocabulary(const ModelFile& folder, uint64_t vocab, GgufWriter& writer) {
  try {
    return put(folder, vocab, writer);
  } catch (const json::exception& error) {
    return fail(ErrorKind::invalid, "the tokenizer's files are not as expected: {}", error.what());
  }
}

}  // namespace mill
