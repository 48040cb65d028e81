#include "data/tokenizer/tokenizer.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/scratch_folder.h"
#include "data/tokenizer/load.h"
#include "data/tokenizer/made_up.h"

namespace mill {
namespace {

using Ids = std::vector<TokenId>;
using nlohmann::json;

// Files of one test, in a folder of their own.
struct Folder {
  std::filesystem::path path;
  explicit Folder(const char* name)
      : path(test_data::empty_folder(std::string("tokenizer_") + name)) {}
  std::filesystem::path write(const char* name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
    return path / name;
  }
};

Tokenizer opened(const json& file, const char* name) {
  const Folder folder(name);
  auto tokenizer = Tokenizer::from_json(folder.write("tokenizer.json", file.dump()));
  if (!tokenizer) FAIL(tokenizer.error().message);
  return *tokenizer;
}

constexpr TokenId kLow = 257, kSpaceLow = 259, kIng = 261, kSpaceNew = 265, kEnd = 270, kTool = 271;

}  // namespace

TEST_CASE("byte-level merging from tokenizer.json, and back") {
  const Tokenizer tokenizer = opened(tok::made_up::byte_level(), "plain");
  CHECK(tokenizer.vocab_size() == 272);
  CHECK(tokenizer.encode("low lower") == Ids{kLow, kSpaceLow, 258});
  CHECK(tokenizer.encode(" newing") == Ids{kSpaceNew, kIng});
  CHECK(tokenizer.encode("") == Ids{});
  const std::vector<std::string> texts = {"low é 字\n", "😀 12 12", "\t\t  x  ",
                                          std::string("a\0b", 3)};
  for (const std::string& text : texts) CHECK(tokenizer.decode(tokenizer.encode(text)) == text);
  CHECK(tokenizer.decode(tokenizer.encode("a\xFFz")) == "a\uFFFDz");
  CHECK(tokenizer.token_named("<|im_end|>") == kEnd);
  CHECK(tokenizer.token_named("nothing such") == -1);
}

TEST_CASE("control tokens are parsed where asked to, other added tokens always") {
  const Tokenizer tokenizer = opened(tok::made_up::byte_level(), "special");
  CHECK(tokenizer.encode("low<|im_end|><tool>") == Ids{kLow, kEnd, kTool});
  const Ids literal = tokenizer.encode("low<|im_end|><tool>", {.parse_special = false});
  CHECK(std::count(literal.begin(), literal.end(), kEnd) == 0);
  CHECK(literal.back() == kTool);
  CHECK(tokenizer.decode(literal) == "low<|im_end|><tool>");
  CHECK(tokenizer.is_special(kEnd));
  CHECK_FALSE(tokenizer.is_special(kTool));
  CHECK(tokenizer.ends_generation(kEnd));
  CHECK_FALSE(tokenizer.ends_generation(kTool));
  CHECK(tokenizer.decode(Ids{kLow, kEnd}) == "low");
  CHECK(tokenizer.decode(Ids{kLow, kEnd}, false) == "low<|im_end|>");
  CHECK(tokenizer.piece(kEnd) == "");
  CHECK(tokenizer.piece(kEnd, false) == "<|im_end|>");
}

TEST_CASE("an added token's flags: blanks taken along, whole words only, the longest first") {
  json file = tok::made_up::byte_level();
  file["added_tokens"] = {
      {{"id", 272}, {"content", "<l>"}, {"special", true}, {"lstrip", true}},
      {{"id", 273}, {"content", "<r>"}, {"special", true}, {"rstrip", true}},
      {{"id", 274}, {"content", "ing"}, {"special", true}, {"single_word", true}},
      {{"id", 275}, {"content", "<r><r>"}, {"special", true}}};
  const Tokenizer tokenizer = opened(file, "flags");
  CHECK(tokenizer.encode("a \n<l> b") == Ids{'a', 272, ' ', 'b'});
  CHECK(tokenizer.encode("a<r> \n b") == Ids{'a', 273, 'b'});
  CHECK(tokenizer.encode("<r><r><r>") == Ids{275, 273});
  CHECK(tokenizer.encode("ing,ing") == Ids{274, ',', 274});
  CHECK(tokenizer.encode("lowing") == Ids{kLow, kIng});
}

TEST_CASE("what a template adds") {
  json file = tok::made_up::byte_level();
  file["post_processor"] = {{"type", "TemplateProcessing"},
                            {"single",
                             {{{"SpecialToken", {{"id", "<|im_end|>"}}}},
                              {{"Sequence", {{"id", "A"}}}},
                              {{"SpecialToken", {{"id", "<|im_end|>"}}}}}},
                            {"special_tokens", {{"<|im_end|>", {{"ids", {kEnd}}}}}}};
  const Tokenizer tokenizer = opened(file, "template");
  CHECK(tokenizer.encode("low") == Ids{kEnd, kLow, kEnd});
  CHECK(tokenizer.encode("low", {.add_special = false}) == Ids{kLow});
  CHECK(tokenizer.bos() == kEnd);
}

TEST_CASE("the files beside tokenizer.json name what begins and what ends") {
  const Folder folder("configs");
  folder.write("tokenizer_config.json",
               R"({"add_bos_token": true, "bos_token": {"content": "<tool>"},
                   "eos_token": "<|im_end|>"})");
  folder.write("tokenizer.json", tok::made_up::byte_level().dump());
  ModelFile file;
  file.format = ModelFormat::hugging_face;
  file.path = folder.path;
  file.config = {{"eos_token_id", {kEnd, 7}}};
  const auto tokenizer = Tokenizer::open(file);
  REQUIRE(tokenizer);
  CHECK(tokenizer->bos() == kTool);
  CHECK(tokenizer->eos() == kEnd);
  CHECK(tokenizer->encode("low") == Ids{kTool, kLow});
  CHECK(tokenizer->ends_generation(7));
}

TEST_CASE("normalizers and a Metaspace, as tokenizer.json spells them") {
  json vocab = {{"<unk>", 0}, {"▁", 1}, {"a", 2}, {"b", 3}, {"▁a", 4}, {"é", 5}, {"<0xFF>", 6}};
  for (int byte = 0; byte < 255; ++byte) vocab[fmt::format("<0x{:02X}>", byte)] = 10 + byte;
  json file = {{"normalizer", {{"type", "NFC"}}},
               {"pre_tokenizer", {{"type", "Metaspace"}, {"prepend_scheme", "first"}}},
               {"decoder",
                {{"type", "Sequence"},
                 {"decoders",
                  {{{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}},
                   {{"type", "ByteFallback"}},
                   {{"type", "Fuse"}},
                   {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}}},
               {"model",
                {{"type", "BPE"},
                 {"vocab", vocab},
                 {"merges", {"▁ a"}},
                 {"byte_fallback", true},
                 {"unk_token", "<unk>"}}}};
  const Tokenizer tokenizer = opened(file, "metaspace");
  CHECK(tokenizer.encode("a b a") == Ids{4, 1, 3, 4});
  CHECK(tokenizer.encode("e\u0301") == Ids{1, 5});
  CHECK(tokenizer.encode("ü") == Ids{1, 10 + 0xC3, 10 + 0xBC});
  CHECK(tokenizer.decode(Ids{4, 1, 3, 10 + 0xC3, 10 + 0xBC}) == "a bü");
  CHECK(tokenizer.piece(4) == " a");
}

TEST_CASE("SentencePiece by scores: the same from GGUF and from tokenizer.model") {
  const auto from_gguf = Tokenizer::open(tok::made_up::scored_gguf());
  const Folder folder("sentencepiece");
  const auto from_proto =
      Tokenizer::from_sentencepiece(folder.write("tokenizer.model", tok::made_up::scored_proto()));
  REQUIRE(from_gguf);
  if (!from_proto) FAIL(from_proto.error().message);
  const Tokenizer both[] = {*from_gguf, *from_proto};
  for (const Tokenizer& tokenizer : both) {
    CHECK(tokenizer.encode("hello world") == Ids{1, 259 + 12, 259 + 15, 259 + 16});
    CHECK(tokenizer.encode("hello<0x0A>", {.add_special = false}).size() > 2);
    CHECK(tokenizer.encode("é", {.add_special = false}) == Ids{259, 3 + 0xC3, 3 + 0xA9});
    CHECK(tokenizer.encode("<s>", {.parse_special = false}).size() > 2);
    for (const char* text : {"hello", " hello  world ", "wold é\n字", "hello\uFFFD"})
      CHECK(tokenizer.decode(tokenizer.encode(text)) == text);
    CHECK(tokenizer.bos() == 1);
    CHECK(tokenizer.ends_generation(2));
  }
}

}  // namespace mill
