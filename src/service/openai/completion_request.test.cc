#include "service/openai/completion_request.h"

#include <doctest/doctest.h>

namespace mill::openai {
namespace {

Checked<CompletionRequest> parse(const char* text) {
  const auto body = http::parse_json_object(text);
  REQUIRE(body.has_value());
  return parse_completion_request(*body);
}

}  // namespace

TEST_CASE("a prompt is a text, texts, token ids, or lists of those") {
  using Tokens = std::vector<TokenId>;
  struct Row {
    const char* body;
    std::vector<Prompt> prompts;
  };
  const Row rows[] = {
      {R"({"prompt": "a"})", {"a"}},
      {R"({"prompt": ["a", "b"]})", {"a", "b"}},
      {R"({"prompt": [1, 2]})", {Tokens{1, 2}}},
      {R"({"prompt": [[1], [2, 3]]})", {Tokens{1}, Tokens{2, 3}}},
      {R"({"prompt": ["a", [2, 3]]})", {"a", Tokens{2, 3}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const auto request = parse(row.body);
    REQUIRE(request.has_value());
    CHECK((request->prompts == row.prompts));
    CHECK(request->params.tokens_max == 16);
  }
}

TEST_CASE("what a completion cannot be asked for is refused by its name") {
  struct Row {
    const char* body;
    const char* param;
  };
  const Row rows[] = {
      {"{}", "prompt"},
      {R"({"prompt": []})", "prompt"},
      {R"({"prompt": [[]]})", "prompt[0]"},
      {R"({"prompt": [1, "a"]})", "prompt"},
      {R"({"prompt": [-1]})", "prompt"},
      {R"({"prompt": [1.5]})", "prompt"},
      {R"({"prompt": [3000000000]})", "prompt"},
      {R"({"prompt": [18446744073709551615]})", "prompt"},
      {R"({"prompt": {"a": 1}})", "prompt"},
      {R"({"prompt": "a", "suffix": "b"})", "suffix"},
      {R"({"prompt": "a", "best_of": 2})", "best_of"},
      {R"({"prompt": "a", "echo": "yes"})", "echo"},
      {R"({"prompt": "a", "logprobs": true})", "logprobs"},
      {R"({"prompt": ["a", "b"], "n": 65})", "prompt"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    const auto request = parse(row.body);
    REQUIRE_FALSE(request.has_value());
    CHECK(request.error().param == row.param);
  }
}

}  // namespace mill::openai
