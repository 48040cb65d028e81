// Real vocabularies against what Hugging Face tokenizers, SentencePiece and ggml say.

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "base/test_data.h"
#include "data/tokenizer/tokenizer.h"

namespace mill {
namespace {

namespace fs = std::filesystem;
using Ids = std::vector<TokenId>;

std::string read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::optional<fs::path> vocabularies() {
  const auto folder = test_data::unpacked("tokenizers", TOKENMILL_SOURCE_DIR, TOKENMILL_BINARY_DIR);
  if (!folder) MESSAGE("skipped: no tokenizers.tar.zst (set TOKENMILL_SHARED_DATA)");
  return folder ? std::optional(*folder / "tokenizers") : std::nullopt;
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  size_t from = 0;
  for (size_t at = text.find(separator); at != std::string::npos; at = text.find(separator, from)) {
    parts.push_back(text.substr(from, at - from));
    from = at + separator.size();
  }
  return parts;
}

Ids ids_of(const std::string& line) {
  Ids ids;
  const char* at = line.c_str();
  for (char* end = nullptr;; at = end) {
    const long id = std::strtol(at, &end, 10);
    if (end == at) return ids;
    ids.push_back(static_cast<TokenId>(id));
  }
}

}  // namespace

TEST_CASE("real vocabularies: the ids and texts of their own implementations") {
  const auto folder = vocabularies();
  if (!folder) return;
  const auto golden =
      nlohmann::json::parse(read(fs::path(TOKENMILL_SOURCE_DIR) / "tests/golden/tokenizers.json"));
  for (const auto& [name, row] : golden["vocabularies"].items()) {
    const fs::path path = *folder / name;
    const bool json = path.extension() == ".json";
    const auto tokenizer = json ? Tokenizer::from_json(path) : Tokenizer::from_sentencepiece(path);
    if (!tokenizer) FAIL(tokenizer.error().message);
    for (size_t i = 0; i < golden["texts"].size(); ++i) {
      const auto text = golden["texts"][i].get<std::string>();
      INFO(name, ": ", text);
      // SentencePiece itself never parses control tokens.
      const Ids ids = tokenizer->encode(text, {.add_special = false, .parse_special = json});
      CHECK(ids == row["ids"][i].get<Ids>());
      Utf8Stream stream;
      const std::string decoded = stream.feed(tokenizer->decode(ids, false));
      CHECK(decoded + stream.finish() == row["decoded"][i].get<std::string>());
    }
  }
}

// NAME.gguf.inp: texts that each end in a separator line; NAME.gguf.out: their ids, a line each.
TEST_CASE("ggml's own vectors for its vocabularies") {
  const auto folder = vocabularies();
  if (!folder) return;
  int files = 0;
  for (const auto& entry : fs::directory_iterator(*folder / "ggml-vocab")) {
    if (entry.path().extension() != ".gguf") continue;
    const auto file = open_model_file(entry.path());
    REQUIRE(file);
    const auto tokenizer = Tokenizer::open(*file);
    if (!tokenizer) FAIL(tokenizer.error().message);
    const auto texts = split(read(entry.path().string() + ".inp"), "\n__ggml_vocab_test__\n");
    const auto lines = split(read(entry.path().string() + ".out"), "\n");
    REQUIRE(texts.size() == lines.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      INFO(entry.path().filename().string(), ": ", texts[i]);
      CHECK(tokenizer->encode(texts[i], {.add_special = false}) == ids_of(lines[i]));
    }
    ++files;
  }
  CHECK(files == 10);
}

}  // namespace mill
