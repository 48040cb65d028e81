#include "data/tokenizer/hf_vocabulary.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/scratch_folder.h"
#include "data/tokenizer/hf_merges.h"
#include "data/tokenizer/made_up.h"
#include "data/tokenizer/tokenizer.h"

namespace mill {
namespace {

using Texts = std::vector<std::string_view>;

Tokenizer opened(const HfVocabulary& vocabulary) {
  const auto folder = test_data::empty_folder("hf_vocabulary");
  std::ofstream(folder / "tokenizer.json") << vocabulary.tokenizer;
  std::ofstream(folder / "tokenizer_config.json") << vocabulary.settings;
  auto tokenizer = Tokenizer::from_json(folder / "tokenizer.json");
  REQUIRE_MESSAGE(tokenizer.has_value(), tokenizer.error().message);
  return *tokenizer;
}

// Both encode and decode every text alike.
void check_same(const ModelFile& file) {
  const auto before = Tokenizer::open(file);
  const auto vocabulary = hf_vocabulary(file);
  REQUIRE(before);
  REQUIRE_MESSAGE(vocabulary.has_value(), vocabulary.error().message);
  const Tokenizer after = opened(*vocabulary);
  CHECK(before->bos() == after.bos());
  CHECK(before->eos() == after.eos());
  for (const char* text : {"", " ", "hello world", " hello", "hello  hello", "held</s>low", "é▁",
                           "   old   world   ", "lllolo lodlor\n"}) {
    INFO(std::string(text));
    const auto ids = before->encode(text);
    CHECK(ids == after.encode(text));
    CHECK(before->decode(ids) == after.decode(ids));
  }
}

std::string error_of(const ModelFile& file) {
  const auto vocabulary = hf_vocabulary(file);
  return vocabulary ? "" : vocabulary.error().message;
}

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every way to make a piece of two is a merge, the best first") {
  using tok::MergePairs;
  CHECK(tok::merges_of_scores({{"a", -5, 0}, {"b", -6, 1}, {"ab", -2, 2}, {"bab", -1, 3}}) ==
        MergePairs{{"b", "ab"}, {"a", "b"}});
  CHECK(tok::merges_of_scores({{"aaa", 0, 0}, {"a", 0, 1}, {"aa", 0, 2}}) ==
        MergePairs{{"a", "aa"}, {"aa", "a"}, {"a", "a"}});
  CHECK(tok::merges_of_scores({}).empty());
}

TEST_CASE("SentencePiece's scores, as merges, encode alike") {
  ModelFile file = tok::made_up::scored_gguf();
  check_same(file);
  file.metadata["tokenizer.ggml.add_space_prefix"] = false;
  file.metadata["tokenizer.ggml.add_bos_token"] = false;
  file.metadata["tokenizer.ggml.add_eos_token"] = true;
  check_same(file);
}

TEST_CASE("a run of spaces that users defined is found as it was") {
  ModelFile file = tok::made_up::scored_gguf();
  file.metadata["tokenizer.ggml.add_space_prefix"] = false;
  std::get<Texts>(file.metadata["tokenizer.ggml.tokens"]).back() = "  ";  // "▁▁", as GGUFs have it
  std::get<std::vector<int64_t>>(file.metadata["tokenizer.ggml.token_type"]).back() = 4;
  check_same(file);
}

TEST_CASE("what a tokenizer.json cannot say is an error") {
  ModelFile file = tok::made_up::scored_gguf();
  auto& texts = std::get<Texts>(file.metadata["tokenizer.ggml.tokens"]);
  texts.back() = "hello";
  CHECK(mentions(error_of(file), "is written \"hello\", as another one is"));
  texts.back() = "\xFF\xFE";
  CHECK(mentions(error_of(file), "cannot be written as JSON"));
  file.metadata["tokenizer.ggml.model"] = std::string_view("rwkv");
  CHECK(mentions(error_of(file), "the tokenizer 'rwkv' is not supported"));
}

}  // namespace mill
