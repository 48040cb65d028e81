// Calls that have to be made, by a model without any sense: whatever it draws, in every format, all
// is calls of the tools, and their arguments are what the schemas allow.

#include "service/inference/tool_grammar.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "data/grammar/test_match.h"
#include "service/inference/random_answer.h"

namespace mill::inference {
namespace {

using namespace testing;

std::string random_text(llm::Constraint constraint, size_t vocab, uint32_t left,
                        std::mt19937& random) {
  for (; left > 0 && !constraint.must_end(); --left) {
    TokenId token = drawn(constraint.mask(), vocab, random);
    if (!constraint.can_finish_after(token, left))
      token = drawn(constraint.mask_to_finish(left), vocab, random);
    if (token == 0) break;
    REQUIRE(constraint.advance(token));
  }
  CHECK(constraint.may_end());
  return constraint.text();
}

}  // namespace

TEST_CASE(
    "whatever a model draws that has to call, all calls parse and their arguments are valid") {
  Grammars grammars;
  const ToolUse use = tools(Calls::required);
  const auto trie = vocabulary();
  for (const dialect::ToolFormat& format : dialect::tool_formats()) {
    CAPTURE(std::string(format.name));
    const std::string begun(format.before_name);
    const auto compiled = call_grammar(grammars, use, format, begun);
    REQUIRE_MESSAGE(compiled, (compiled ? "" : compiled.error().message));
    llm::Constraints constraints(trie);
    size_t calls = 0;
    for (uint32_t seed = 0; seed < 60; ++seed) {
      std::mt19937 random(seed);
      const std::string text = random_text(constraints.start(*compiled), trie->vocab_size(),
                                           static_cast<uint32_t>(150 + random() % 300), random);
      CAPTURE(text);
      const Said said = read({.format = &format, .tools = use.schemas, .begun = begun}, text);
      CHECK(said.all_whole);
      CHECK(said.text == "");
      REQUIRE_FALSE(said.calls.empty());
      for (const auto& [name, arguments] : said.calls) check_call(use, name, arguments);
      calls += said.calls.size();
    }
    CHECK(calls > 60);
  }
}

TEST_CASE("a call of a named tool is one, from behind what is begun of it") {
  Grammars grammars;
  ToolUse use = tools(Calls::required);
  use.name = "noop";
  for (const dialect::ToolFormat& format : dialect::tool_formats()) {
    const std::string begun =
        std::string(format.before_name) + "noop" + std::string(format.after_name);
    const auto compiled = call_grammar(grammars, use, format, begun);
    REQUIRE(compiled);
    const std::string none = format.notation == grammar::Notation::json ? "{}" : "";
    CHECK(grammar::test::matches(*compiled, none + std::string(format.after_arguments)));
    CHECK(grammar::test::matches(*compiled, none) == format.after_arguments.empty());
    CHECK_FALSE(grammar::test::matches(
        *compiled, none + std::string(format.after_arguments) + std::string(format.next)));
  }
}

TEST_CASE("a required name that the notation cannot write is refused where it has to be kept") {
  Grammars grammars;
  ToolUse use;
  use.calls = Calls::required;
  REQUIRE(use.add(Json::parse(R"({"name": "f", "strict": true, "parameters": {"type": "object",
      "properties": {"a b": {"type": "string"}}, "required": ["a b"]}})"),
                  "tools"));
  for (const dialect::ToolFormat& format : dialect::tool_formats()) {
    const auto compiled = call_grammar(grammars, use, format, std::string(format.before_name));
    CHECK(compiled.has_value() == (format.notation != grammar::Notation::python));
    if (!compiled) CHECK(compiled.error().message.contains("\"a b\""));
  }
}

TEST_CASE(
    "what a grammar cannot say of a schema leaves its texts bare, and calls may end as usual") {
  Grammars grammars;
  ToolUse use;
  use.calls = Calls::required;
  REQUIRE(use.add(Json::parse(R"({"name": "f", "parameters": {
      "properties": {"q": {"type": "string"}, "n": {"type": "integer"}}, "required": ["a<b"]}})"),
                  "tools"));
  for (const dialect::ToolFormat& format : dialect::tool_formats()) {
    CAPTURE(std::string(format.name));
    if (format.notation == grammar::Notation::json) continue;
    const auto compiled = call_grammar(grammars, use, format, std::string(format.before_name));
    REQUIRE(compiled);
    const bool python = format.notation == grammar::Notation::python;
    const std::string call =
        fmt::format("f{}", format.after_name) +
        (python ? "q='a b', n=1"
                : "<parameter=q>\na b\n</parameter>\n<parameter=n>\n1\n</parameter>\n") +
        std::string(format.after_arguments);
    const std::string two = call + std::string(format.next) + call;
    for (const std::string& text : {call, two, two + std::string(format.ending)})
      CHECK(grammar::test::matches(*compiled, text));
    CHECK_FALSE(grammar::test::matches(*compiled, "g" + call));
  }
}

TEST_CASE("parameters that say nothing of their type are an object's") {
  Grammars grammars;
  ToolUse use;
  use.calls = Calls::required;
  REQUIRE(use.add(Json::parse(R"({"name": "f", "parameters": {
      "properties": {"n": {"type": "integer"}}, "required": ["n"]}})"),
                  "tools"));
  for (const dialect::ToolFormat& format : dialect::tool_formats()) {
    if (format.notation != grammar::Notation::json) continue;
    const auto compiled = call_grammar(grammars, use, format, std::string(format.before_name));
    REQUIRE(compiled);
    const auto call = [&](const char* arguments) {
      return fmt::format("f{}", format.after_name) + arguments +
             std::string(format.after_arguments);
    };
    CHECK(grammar::test::matches(*compiled, call("{\"n\": 1}")));
    for (const char* other : {"1", "[]", "null", "\"n\"", "{}"})
      CHECK_FALSE(grammar::test::matches(*compiled, call(other)));
  }
}

}  // namespace mill::inference
