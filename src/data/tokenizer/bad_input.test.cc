// What foreign tokenizer files can have wrong, and the sentence that says so.

#include <doctest/doctest.h>

#include <random>

#include "data/tokenizer/load.h"
#include "data/tokenizer/made_up.h"

namespace mill::tok {
namespace {

using nlohmann::json;

std::string refusal(const std::string& text) {
  const auto loaded = parse_tokenizer_json(text);
  return loaded ? "accepted" : loaded.error().message;
}

}  // namespace

TEST_CASE("a hostile tokenizer.json is refused, and the reason named") {
  struct Row {
    const char* place;  // JSON pointer
    json value;
    const char* reason;
  };
  const std::vector<Row> rows = {
      {"/model", 5, "no \"model\" object"},
      {"/model/type", "Unigram", "'Unigram' is not supported"},
      {"/model/type", 7, "\"type\" is no string"},
      {"/model/vocab", json::object(), "model.vocab is missing or empty"},
      {"/model/vocab/a", -1, "an id of model.vocab"},
      {"/model/vocab/a", "x", "an id of model.vocab"},
      {"/model/vocab/a", 2000000000, "token id 2000000000 is out of range"},
      {"/model/vocab/a", 1e300, "an id of model.vocab"},
      {"/model/merges", nullptr, "model.merges is missing"},
      {"/model/merges", {"no-space"}, "not 'left right'"},
      {"/model/merges", {{"a", "b", "c"}}, "no pair"},
      {"/model/merges", json::array({json::array({"a", 5})}), "no pair"},
      {"/model/merges", json::array({json::array({"a", "zzz"})}),
       "('a' + 'zzz') names a token that the vocabulary lacks"},
      {"/model/end_of_word_suffix", "</w>", "end_of_word_suffix"},
      {"/pre_tokenizer/type", "Magic", "pre_tokenizer 'Magic' is not supported"},
      {"/pre_tokenizer", "ByteLevel", "not an object"},
      {"/pre_tokenizer/use_regex", 3, "\"use_regex\" is neither true nor false"},
      {"/normalizer", {{"type", "Precompiled"}}, "normalizer 'Precompiled'"},
      {"/normalizer", {{"type", "Sequence"}}, "without its list"},
      {"/normalizer", {{"type", "Replace"}}, "\"pattern\""},
      {"/decoder", {{"type", "WordPiece"}}, "decoder 'WordPiece'"},
      {"/added_tokens", 3, "added_tokens is no list"},
      {"/added_tokens/0/id", 5, "claims id 5"},
      {"/added_tokens/0/id", -4, "has no id"},
      {"/added_tokens/0/id", 1 << 30, "out of range"},
      {"/post_processor", {{"type", "TemplateProcessing"}}, "\"single\""},
      {"/post_processor",
       {{"type", "TemplateProcessing"}, {"single", {{{"SpecialToken", {{"id", "<x>"}}}}}}},
       "'<x>' is not among"},
  };
  for (const Row& row : rows) {
    json file = made_up::byte_level();
    file[json::json_pointer(row.place)] = row.value;
    INFO(row.place, " = ", row.value.dump());
    const std::string said = refusal(file.dump());
    CHECK_MESSAGE(said.find(row.reason) != std::string::npos, said);
  }
}

TEST_CASE("a refused regular expression is quoted") {
  json file = made_up::byte_level();
  file["pre_tokenizer"] = {{"type", "Split"}, {"pattern", {{"Regex", "(((a"}}}};
  CHECK(refusal(file.dump()).find("(((a") != std::string::npos);
}

TEST_CASE("deep nesting and cut files end in an error") {
  json node = {{"type", "NFC"}};
  for (int i = 0; i < 100; ++i) node = {{"type", "Sequence"}, {"normalizers", json::array({node})}};
  json file = made_up::byte_level();
  file["normalizer"] = node;
  CHECK(refusal(file.dump()).find("nested too deep") != std::string::npos);
  const std::string whole = made_up::byte_level().dump();
  for (size_t size = 0; size < whole.size(); size += 97)
    CHECK(refusal(whole.substr(0, size)) != "accepted");
  CHECK(refusal(std::string(100'000, '[')) != "accepted");
}

TEST_CASE("a cut or changed tokenizer.model is refused or read, and never more than that") {
  const std::string whole = made_up::scored_proto();
  const auto parse = [](const std::string& bytes) {
    return parse_sentencepiece(std::as_bytes(std::span(bytes))).has_value();
  };
  CHECK(parse(whole));
  CHECK_FALSE(parse(""));
  CHECK_FALSE(parse(whole.substr(0, 4)));
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::string changed = whole.substr(0, random() % whole.size());
    for (int i = 0; i < 3 && !changed.empty(); ++i)
      changed[random() % changed.size()] = static_cast<char>(random());
    parse(changed);
  }
}

TEST_CASE("GGUF metadata of wrong types and sizes is refused") {
  const auto refuses = [](const char* key, MetaValue value, const char* reason) {
    ModelFile file = made_up::scored_gguf();
    file.metadata[key] = std::move(value);
    const auto opened = Tokenizer::open(file);
    INFO(key);
    REQUIRE_FALSE(opened);
    CHECK_MESSAGE(opened.error().message.find(reason) != std::string::npos, opened.error().message);
  };
  using Views = std::vector<std::string_view>;
  refuses("tokenizer.ggml.model", std::string_view("t5"), "'t5' is not supported");
  refuses("tokenizer.ggml.model", true, "wrong type");
  refuses("tokenizer.ggml.tokens", Views{}, "missing or empty");
  refuses("tokenizer.ggml.tokens", Views{"a"}, "token types for 1 tokens");
  refuses("tokenizer.ggml.scores", std::vector<double>{1}, "1 scores for");
  refuses("tokenizer.ggml.bos_token_id", uint64_t{1 << 20}, "the vocabulary ends at");
  refuses("tokenizer.ggml.add_bos_token", uint64_t{1}, "wrong type");
}

TEST_CASE("a byte-level GGUF needs merges and a pre-tokenizer that is known") {
  ModelFile file = made_up::scored_gguf();
  file.metadata["tokenizer.ggml.model"] = std::string_view("gpt2");
  const auto said = [&] {
    const auto opened = Tokenizer::open(file);
    return opened ? std::string("accepted") : opened.error().message;
  };
  CHECK(said().find("tokenizer.ggml.merges is missing") != std::string::npos);
  file.metadata["tokenizer.ggml.merges"] = std::vector<std::string_view>{"h"};
  CHECK(said().find("'h'") != std::string::npos);
  file.metadata["tokenizer.ggml.pre"] = std::string_view("unheard-of");
  CHECK(said().find("'unheard-of'") != std::string::npos);
}

}  // namespace mill::tok
