#include "learn/chat_rows.h"

#include <doctest/doctest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/scratch_folder.h"
#include "data/model_file.h"

namespace mill::learn {
namespace {

const std::string kTiny = TOKENMILL_SOURCE_DIR "/tests/stories/tiny/tokenizer.json";

// "user/ab/assistant/…/" in the few letters that the tiny tokenizer has.
constexpr const char* kTemplate =
    "{% for m in messages %}{{ m.role }}/{{ m.content }}/{% endfor %}"
    "{% if add_generation_prompt %}assistant/{% endif %}";

struct Format {
  Tokenizer tokenizer = *Tokenizer::from_json(kTiny);
  ChatTemplate chat_template;
  explicit Format(const char* source = kTemplate) : chat_template(*ChatTemplate::compile(source)) {}
  ChatFormat get() const { return {tokenizer, chat_template}; }
};

nlohmann::ordered_json conversation(const char* text) {
  return nlohmann::ordered_json::parse(text);
}

std::string taught_text(const Document& document, const Tokenizer& tokenizer) {
  std::vector<TokenId> taught;
  for (const TokenId label : document.labels)
    if (label >= 0) taught.push_back(label);
  return tokenizer.decode(taught, false);
}

}  // namespace

TEST_CASE("learn: what assistants say is taught, up to where their turns end") {
  const Format format;
  const auto document = teach_conversation(conversation(R"({"messages": [
      {"role": "user", "content": "ab"}, {"role": "assistant", "content": "the mill"},
      {"role": "user", "content": "cd"}, {"role": "assistant", "content": "a stone"}]})"),
                                           format.get());
  REQUIRE_MESSAGE(document.has_value(), document.error().message);
  CHECK(document->tokens.size() == document->labels.size());
  CHECK(taught_text(*document, format.tokenizer) == "the mill/a stone/");
  CHECK(format.tokenizer.decode(document->tokens, false) ==
        "user/ab/assistant/the mill/user/cd/assistant/a stone/");
  for (size_t i = 0; i + 1 < document->tokens.size(); ++i)
    CHECK((document->labels[i] < 0 || document->labels[i] == document->tokens[i + 1]));
  CHECK(document->labels.back() == -1);
}

TEST_CASE("learn: a message of weight 0 is read, not taught") {
  const Format format;
  const auto document = teach_conversation(conversation(R"({"messages": [
      {"role": "user", "content": "ab"}, {"role": "assistant", "content": "no", "weight": 0},
      {"role": "user", "content": "cd"}, {"role": "assistant", "content": "yes"}]})"),
                                           format.get());
  REQUIRE(document.has_value());
  CHECK(taught_text(*document, format.tokenizer) == "yes/");
}

TEST_CASE("learn: a template that rewrites earlier turns is refused, not taught wrongly") {
  const Format format(
      "{% for m in messages %}{% if loop.last or m.role == 'user' %}{{ m.role }}/{{ m.content }}"
      "{% endif %}{% endfor %}{% if add_generation_prompt %}assistant/{% endif %}");
  const auto document = teach_conversation(conversation(R"({"messages": [
      {"role": "user", "content": "ab"}, {"role": "assistant", "content": "x"},
      {"role": "user", "content": "cd"}, {"role": "assistant", "content": "y"}]})"),
                                           format.get());
  REQUIRE(!document.has_value());
  CHECK(document.error().message.find("a line of its own") != std::string::npos);
}

TEST_CASE("learn: files with broken lines teach nothing, and say which lines") {
  const Format format;
  const auto path = test_data::empty_folder("chat_rows") / "data.jsonl";
  const auto said = [&](const std::string& text) {
    std::ofstream(path) << text;
    const auto file = read_chat_file(path, format.get(), 100);
    return file ? fmt::format("{} documents, {} cut", file->documents.size(), file->cut)
                : file.error().message;
  };
  const std::string good =
      R"({"messages": [{"role": "user", "content": "ab"}, {"role": "assistant", "content": "x"}]})"
      "\n";
  CHECK(said(good + "\n" + good) == "2 documents, 0 cut");
  CHECK(said(good + "{\n" + good + "[]\n").find("2 of its lines cannot be used (2, 4)") !=
        std::string::npos);
  for (const char* bad :
       {R"({"messages": []})", R"({"messages": [{"content": "x"}]})",
        R"({"messages": [{"role": "assistant"}]})", "\xff\xfe", "null",
        R"({"messages": [{"role": "assistant", "content": "x", "weight": 0}]})"}) {
    CAPTURE(bad);
    CHECK(said(std::string(bad) + "\n").find("line 1: ") != std::string::npos);
  }
  CHECK(said("").find("nothing in it is to be taught") != std::string::npos);
  const std::string longer(1000, 'a');
  CHECK(
      said(R"({"messages": [{"role": "user", "content": "b"}, {"role": "assistant", "content": ")" +
           longer + "\"}]}\n") == "1 documents, 1 cut");
}

TEST_CASE("learn: batches hold every document once, none more than its tokens") {
  std::vector<Document> documents;
  for (size_t i = 0; i < 50; ++i) documents.push_back({std::vector<TokenId>(1 + i * 7 % 40), {}});
  const auto batches = pack(documents, 64, 3);
  std::multiset<size_t> seen;
  for (const auto& batch : batches) {
    size_t tokens = 0;
    for (const size_t i : batch) tokens += documents[i].tokens.size();
    CHECK(tokens <= 64);
    seen.insert(batch.begin(), batch.end());
  }
  CHECK(seen.size() == 50);
  CHECK(std::set<size_t>(seen.begin(), seen.end()).size() == 50);
  CHECK(pack(documents, 64, 3) == batches);
  CHECK(pack(documents, 64, 4) != batches);
}

}  // namespace mill::learn
