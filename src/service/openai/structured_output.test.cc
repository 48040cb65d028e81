#include "service/openai/structured_output.h"

#include <doctest/doctest.h>

#include "data/grammar/test_match.h"
#include "service/inference/host.h"

using namespace mill;
using namespace mill::openai;

namespace {

struct Read {
  grammar::GrammarPtr grammar;
  std::optional<Problem> problem;
};

Read read(const char* text) {
  const Json body = Json::parse(text);
  Fields fields(body);
  inference::GenerateParams params;
  params.structure = read_structured_output(fields);
  if (fields.problem()) return {nullptr, *fields.problem()};
  const auto compiled = inference::Host().grammar_of(params);
  if (!compiled) return {nullptr, compiled.error()};
  return {*compiled, {}};
}

}  // namespace

TEST_CASE("every way to ask for structure means its grammar") {
  struct Row {
    const char* body;
    const char* yes;
    const char* no;
  };
  for (const Row& row : {
           Row{R"({"response_format": {"type": "json_object"}})", "{\"a\": [1]}", "[1]"},
           Row{R"({"response_format": {"type": "json_schema", "json_schema":
                   {"name": "n", "strict": true, "schema": {"type": "null"}}}})",
               "null", "1"},
           Row{R"({"structured_outputs": {"json": {"const": 1}}})", "1", "2"},
           Row{R"({"structured_outputs": {"json": "{\"const\": 1}"}})", "1", "2"},
           Row{R"({"structured_outputs": {"regex": "a+"}})", "aa", "b"},
           Row{R"({"structured_outputs": {"choice": ["x", "y"]}})", "y", "z"},
           Row{R"({"structured_outputs": {"grammar": "root ::= \"q\""}})", "q", "r"},
           Row{R"({"structured_outputs": {"json_object": true}})", "{}", "1"},
           Row{R"({"guided_json": {"type": "boolean"}})", "true", "1"},
           Row{R"({"guided_regex": "[0-9]"})", "7", "77"},
           Row{R"({"guided_choice": ["a"]})", "a", "b"},
           Row{R"({"guided_grammar": "root ::= [a]"})", "a", "b"},
           Row{R"({"json_schema": {"enum": ["e"]}})", "\"e\"", "e"},
           Row{R"({"grammar": "root ::= \"g\"*"})", "ggg", "h"},
       }) {
    CAPTURE(row.body);
    const Read it = read(row.body);
    REQUIRE(!it.problem);
    REQUIRE(it.grammar);
    CHECK(grammar::test::matches(it.grammar, row.yes));
    CHECK(!grammar::test::matches(it.grammar, row.no));
  }
}

TEST_CASE("any text needs no grammar") {
  for (const char* body :
       {"{}", R"({"response_format": null})", R"({"response_format": {"type": "text"}})"}) {
    const Read it = read(body);
    CHECK(!it.problem);
    CHECK(!it.grammar);
  }
}

TEST_CASE("a refusal names the field, and the path in the schema") {
  struct Row {
    const char* body;
    const char* param;
    const char* message;
  };
  for (const Row& row : {
           Row{R"({"response_format": {"type": "yaml"}})", "response_format", "must have the type"},
           Row{R"({"response_format": {"type": "json_schema"}})",
               "response_format.json_schema.schema", "is missing"},
           Row{R"({"response_format": {"type": "json_schema", "json_schema": {"schema":
                   {"properties": {"a": {"pattern": "(x)\\1"}}}}}})",
               "response_format.json_schema.schema", "#/properties/a: 'pattern': backref"},
           Row{R"({"structured_outputs": {}})", "structured_outputs", "must have one of"},
           Row{R"({"structured_outputs": {"regex": 1}})", "structured_outputs.regex",
               "a regular expression in a string"},
           Row{R"({"guided_choice": []})", "guided_choice", "an array of 1 to"},
           Row{R"({"guided_regex": "a", "guided_json": {}})", "guided_regex", "cannot both"},
           Row{R"({"grammar": "root ::= nowhere"})", "grammar", "line 1: the rule 'nowhere'"},
       }) {
    CAPTURE(row.body);
    const Read it = read(row.body);
    REQUIRE(it.problem);
    CHECK(it.problem->status == 400);
    CHECK(it.problem->param == row.param);
    CHECK_MESSAGE(it.problem->message.find(row.message) != std::string::npos, it.problem->message);
  }
}
