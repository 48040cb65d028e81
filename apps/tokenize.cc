#include <fmt/core.h>

#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "apps/command.h"
#include "data/byte_reader.h"
#include "data/model_file.h"
#include "data/tokenizer/tokenizer.h"

namespace mill::apps {
namespace {

struct TokenizeOptions {
  std::string model;
  std::string file;
  std::string text;
  bool has_text = false;
  bool decode = false;
  bool json = false;
  bool no_special = false;
  bool literal = false;
  bool batch = false;
};

Result<Tokenizer> open_tokenizer(const std::filesystem::path& path) {
  if (path.extension() == ".json") return Tokenizer::from_json(path);
  if (path.filename().string().find(".model") != std::string::npos)
    return Tokenizer::from_sentencepiece(path);
  TRY_ASSIGN(const ModelFile file, open_model_file(path));
  return Tokenizer::open(file);
}

Result<std::string> read_input(const TokenizeOptions& options) {
  if (options.has_text) return options.text;
  if (options.file.empty()) return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream stream(options.file, std::ios::binary);
  if (!stream) return fail(ErrorKind::not_found, "{} cannot be read", options.file);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

// Numbers between anything that is no digit: "1 2 3", "[1, 2, 3]" and one a line all do.
Result<std::vector<TokenId>> read_ids(const std::string& text) {
  std::vector<TokenId> ids;
  constexpr const char* kDigits = "0123456789";
  for (size_t at = text.find_first_of(kDigits); at != std::string::npos;) {
    const size_t end = std::min(text.find_first_not_of(kDigits, at), text.size());
    TokenId id = 0;
    const auto [last, error] = std::from_chars(text.data() + at, text.data() + end, id);
    if (error != std::errc{})
      return fail(ErrorKind::invalid, "{} is no token id", text.substr(at, end - at));
    ids.push_back(id);
    at = text.find_first_of(kDigits, end);
  }
  return ids;
}

void print_tokens(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool json) {
  if (json) {
    fmt::print("{}\n", nlohmann::json{{"count", ids.size()}, {"tokens", ids}}.dump());
    return;
  }
  for (const TokenId id : ids) {
    const nlohmann::json piece = tokenizer.piece(id, false);
    fmt::print("{:>8}  {}\n", id,
               piece.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
}

void print_text(const std::string& text, bool json) {
  if (!json) return fmt::print("{}", text);
  Utf8Stream whole;
  const std::string head = whole.feed(text);
  fmt::print("{}\n", nlohmann::json{{"text", head + whole.finish()}}.dump());
}

Result<void> answer(const Tokenizer& tokenizer, const TokenizeOptions& options,
                    const std::string& input) {
  if (!options.decode) {
    const EncodeOptions encode{.add_special = !options.no_special,
                               .parse_special = !options.literal};
    print_tokens(tokenizer, tokenizer.encode(input, encode), options.json);
    return {};
  }
  TRY_ASSIGN(const std::vector<TokenId> ids, read_ids(input));
  print_text(tokenizer.decode(ids, options.no_special), options.json);
  return {};
}

// Many texts in one input: each an 8-byte little-endian length and that many bytes.
Result<void> answer_batch(const Tokenizer& tokenizer, const TokenizeOptions& options,
                          const std::string& input) {
  ByteReader reader(std::as_bytes(std::span(input)));
  while (reader.left() > 0) {
    TRY_ASSIGN(const auto size, reader.read<uint64_t>("a text's length"));
    TRY_ASSIGN(const auto text, reader.read_text(size, "a text"));
    TRY(answer(tokenizer, options, std::string(text)));
  }
  return {};
}

Result<void> run(const TokenizeOptions& options) {
  TRY_ASSIGN(const Tokenizer tokenizer, open_tokenizer(options.model));
  TRY_ASSIGN(const std::string input, read_input(options));
  return options.batch ? answer_batch(tokenizer, options, input)
                       : answer(tokenizer, options, input);
}

}  // namespace

Run add_tokenize(CLI::App& command) {
  auto options = std::make_shared<TokenizeOptions>();
  command
      .add_option("--model", options->model,
                  "A GGUF file, a Hugging Face folder, a tokenizer.json or a tokenizer.model")
      ->required();
  command.add_option("--file", options->file, "Read this file (else TEXT, else standard input)");
  CLI::Option* text = command.add_option("TEXT", options->text, "What to read");
  command.add_flag("--decode", options->decode, "Read token ids, print their text");
  command.add_flag("--json", options->json, "Print one JSON object");
  command.add_flag("--no-special", options->no_special,
                   "Add no BOS or EOS; with --decode, leave control tokens out");
  command.add_flag("--literal", options->literal, "Take <|im_start|> and the like as plain text");
  command.add_flag("--batch", options->batch,
                   "Read many texts, each after its length as 8 little-endian bytes");
  return [options, text]() -> Result<void> {
    options->has_text = text->count() > 0;
    return run(*options);
  };
}

}  // namespace mill::apps
