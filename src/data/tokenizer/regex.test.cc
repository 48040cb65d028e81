#include "data/tokenizer/regex.h"

#include <doctest/doctest.h>

#include "data/tokenizer/pre_tokenizer.h"
#include "data/tokenizer/split_table.h"

namespace mill::tok {
namespace {

std::vector<std::string> words(const char* pattern, SplitBehaviour behaviour, bool invert,
                               std::string_view text) {
  auto regex = Regex::compile(pattern);
  REQUIRE(regex);
  const std::vector<Split> splits = {{*regex, behaviour, invert}};
  Splitter splitter(splits);
  std::vector<std::string> out;
  for (const Span word : splitter.words(text))
    out.emplace_back(text.substr(word.begin, word.end - word.begin));
  return out;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("every behaviour of a split") {
  const std::string_view text = "the-final--countdown";
  const auto cut = [&](SplitBehaviour behaviour) { return words("-", behaviour, false, text); };
  CHECK(cut(SplitBehaviour::removed) == Words{"the", "final", "countdown"});
  CHECK(cut(SplitBehaviour::isolated) == Words{"the", "-", "final", "-", "-", "countdown"});
  CHECK(cut(SplitBehaviour::merged_with_previous) == Words{"the-", "final-", "-", "countdown"});
  CHECK(cut(SplitBehaviour::merged_with_next) == Words{"the", "-final", "-", "-countdown"});
  CHECK(cut(SplitBehaviour::contiguous) == Words{"the", "-", "final", "--", "countdown"});
  CHECK(words("[a-z]+", SplitBehaviour::removed, true, text) == Words{"the", "final", "countdown"});
  CHECK(words("x*", SplitBehaviour::isolated, false, "abxx") == Words{"a", "b", "xx"});
}

TEST_CASE("Oniguruma's meaning of a pattern is kept") {
  const auto first = [](const char* pattern, std::string_view text) -> std::string {
    auto regex = Regex::compile(pattern);
    REQUIRE(regex);
    const auto match = Regex::Matcher(*regex).find(text, 0);
    return match ? std::string(text.substr(match->begin, match->end - match->begin)) : "none";
  };
  CHECK(first("\\s", "\u180e") == "none");  // no white space since Unicode 6.3
  CHECK(first("[^\\s]", "\u3000x") == "x");
  CHECK(first("\\S+", " \u2028né ") == "né");
  CHECK(first("\\h+", "xyz0aF") == "0aF");
  CHECK(first("\\s+$", "a  \nb") == "  ");  // $ is the end of any line
  CHECK(first("[]a]+", "x]a") == "]a");
  CHECK(first("[[:digit:]x]+", "ab1x2") == "1x2");
  CHECK(first("(?i:'s|'t)", "'S") == "'S");
}

TEST_CASE("a pattern that cannot be kept is refused") {
  const auto refusal = [](const std::string& pattern) {
    const auto regex = Regex::compile(pattern);
    return regex ? std::string() : regex.error().message;
  };
  CHECK(refusal("[a&&[^b]]").find("&&") != std::string::npos);
  CHECK(refusal("[a[b]]").find("classes within classes") != std::string::npos);
  CHECK(refusal("(a").find("'(a'") != std::string::npos);
  CHECK(refusal("a\\").find("backslash") != std::string::npos);
  CHECK(refusal(std::string(100'000, 'a')).find("100000 bytes") != std::string::npos);
}

TEST_CASE("a pattern that would backtrack forever gives up, and the text stays whole") {
  const std::string text(2000, 'a');
  CHECK(words("(a+)+b", SplitBehaviour::isolated, false, text) == Words{text});
}

TEST_CASE("a word of a million letters is one match") {
  const std::string text(1'000'000, 'a');
  CHECK(words("\\p{L}+| ?[^\\s\\p{L}]+", SplitBehaviour::isolated, false, text).size() == 1);
}

TEST_CASE("the table's patterns compile and its names are found") {
  for (const SplitRow& row : split_table()) {
    CHECK(row.names.front() == ' ');
    CHECK(row.names.back() == ' ');
    for (const std::string_view pattern : row.patterns) {
      const auto regex = Regex::compile(pattern);
      CHECK_MESSAGE(regex.has_value(), regex.error().message);
    }
  }
  CHECK(split_row("smollm") != nullptr);
  CHECK(split_row("qwen2") != split_row("qwen35"));
  CHECK(split_row("smol") == nullptr);
  CHECK(split_row("") == nullptr);
}

}  // namespace mill::tok
