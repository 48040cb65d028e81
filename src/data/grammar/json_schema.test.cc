#include "data/grammar/json_schema.h"

#include <doctest/doctest.h>

#include "data/grammar/spec.h"
#include "data/grammar/test_match.h"

using namespace mill;
using namespace mill::grammar;

namespace {

struct Row {
  const char* schema;
  std::vector<std::string> yes, no;
};

void check(const Row& row) {
  const auto compiled = compile(json_schema(Json::parse(row.schema)));
  REQUIRE_MESSAGE(compiled, row.schema << ": " << compiled.error().message);
  for (const auto& text : row.yes)
    CHECK_MESSAGE(test::matches(*compiled, text), row.schema << " should allow " << text);
  for (const auto& text : row.no)
    CHECK_MESSAGE(!test::matches(*compiled, text), row.schema << " should refuse " << text);
}

std::string refusal(const char* schema) {
  const auto compiled = compile(json_schema(Json::parse(schema)));
  return compiled ? "compiled" : compiled.error().message;
}

}  // namespace

TEST_CASE("types") {
  check({"true", {"1", "\"x\"", "[1, {\"a\": null}]", "-1.5e3"}, {"", "01", "[1,]", "nul"}});
  check(
      {R"({"type": "integer"})", {"0", "-12", "123456789012345678"}, {"1.0", "-0", "01", "\"1\""}});
  check({R"({"type": ["null", "boolean"]})", {"null", "true", "false"}, {"0", "\"null\""}});
  check({R"({"type": "string"})",
         {"\"\"", "\"a\\n\\u00e9é😀\"", "\"\\ud83d\\ude00\""},
         {"\"", "\"\n\"", "\"\\ud83d\"", "\"\\x\"", "\"\xC3\""}});
  check({R"({"enum": ["a", 1, {"b": [null]}, "ab"]})",
         {"\"a\"", "1", "{\"b\":[null]}", "\"ab\""},
         {"\"b\"", "2", "{\"b\": [null]}"}});
  check({R"({"enum": ["a", 1, null], "type": ["string", "null"]})", {"\"a\"", "null"}, {"1"}});
}

TEST_CASE("strings") {
  check({R"({"type": "string", "minLength": 2, "maxLength": 3})",
         {"\"ab\"", "\"😀é\\n\""},
         {"\"a\"", "\"abcd\""}});
  check({R"({"type": "string", "pattern": "^a|b$"})", {"\"ax\"", "\"xb\"", "\"a\""}, {"\"xa\""}});
  check({R"({"type": "string", "pattern": "^[\"\\\\\\n]+$"})", {R"("\"\\\n")"}, {"\"a\"", "\"\""}});
  check({R"({"type": "string", "pattern": "^\\d+$", "maxLength": 3})", {"\"123\""}, {"\"1234\""}});
  check({R"({"type": "string", "format": "date"})",
         {"\"2024-02-29\"", "\"1999-12-31\""},
         {"\"2023-02-29\"", "\"2023-13-01\"", "\"2023-1-1\""}});
  check({R"({"format": "date-time"})", {"\"2024-01-01T00:00:00Z\"", "7"}, {"\"2024-01-01\""}});
  check({R"({"type": "string", "format": "uuid"})",
         {"\"123e4567-e89b-12d3-a456-426614174000\""},
         {"\"123e4567\""}});
  check({R"({"type": "string", "format": "email"})", {"\"a.b@c.org\""}, {"\"a@\"", "\"@c.org\""}});
}

TEST_CASE("numbers") {
  check({R"({"type": "integer", "minimum": -5, "maximum": 120})",
         {"-5", "0", "99", "120"},
         {"-6", "121", "1000", "-0"}});
  check({R"({"type": "number", "exclusiveMinimum": 0, "maximum": 1.5})",
         {"0.001", "1", "1.5", "1.50", "1.49"},
         {"0", "0.0", "1.51", "2", "-1"}});
  check({R"({"type": "number", "minimum": -2.25, "exclusiveMaximum": -1})",
         {"-2.25", "-2", "-1.01", "-2.1"},
         {"-1", "-1.0", "-2.26", "-3", "0", "1"}});
  check({R"({"type": "integer", "multipleOf": 15, "minimum": 10})",
         {"15", "150"},
         {"10", "20", "0"}});
  check({R"({"type": "number", "multipleOf": 0.25})", {"1.25", "-0.5", "3"}, {"1.3", "0.125"}});
  check({R"({"type": "number", "minimum": 1, "exclusiveMinimum": true})", {"1.1", "2"}, {"1"}});
  check({R"({"type": "integer", "format": "int32"})", {"2147483647"}, {"2147483648"}});
}

TEST_CASE("arrays") {
  check({R"({"items": {"type": "null"}, "type": "array", "minItems": 1, "maxItems": 3})",
         {"[null]", "[null, null,null]"},
         {"[]", "[null,null,null,null]", "[1]"}});
  check({R"({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "items": false})",
         {"[]", "[1]", "[1,2]"},
         {"[2]", "[1,2,3]"}});
  check({R"({"type": "array", "items": [{"const": 1}], "additionalItems": {"const": 2}})",
         {"[1,2,2]"},
         {"[1,1]"}});
  check({R"({"type": "array", "contains": {"const": 7}})", {"[7,1]"}, {"[]"}});
  check({R"({"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": true})",
         {"[]", "[\"a\",\"c\"]", "[\"b\"]"},
         {"[\"a\",\"a\"]"}});
  CHECK(refusal(R"({"properties": {"x": {"type": "array", "uniqueItems": true}}})")
            .starts_with("#/properties/x: 'uniqueItems' is supported for"));
}

TEST_CASE("objects") {
  check({R"({"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}},
             "required": ["b"], "additionalProperties": false})",
         {"{\"a\":1,\"b\":2}", "{\"b\": 2}", "{\n  \"a\": 1,\n  \"b\": 2\n}"},
         {"{}", "{\"a\":1}", "{\"b\":2,\"a\":1}", "{\"b\":2,\"c\":1}", "{\"b\":2,}"}});
  check({R"({"type": "object", "properties": {"ab": {"const": 1}}})",
         {"{}", "{\"ab\":1}", "{\"abc\":null}", "{\"a\":0,\"\":1}", "{\"ab\":1,\"\\n\":2}"},
         {"{\"ab\":2}", "{\"x\":1,\"ab\":1}", "{\"\\u0061b\":2}", "{\"a\\u0062\":2}"}});
  check({R"({"type": "object", "patternProperties": {"^n": {"type": "null"}, "x$": true},
             "additionalProperties": {"const": 0}})",
         {"{\"n\":null,\"ax\":[],\"q\":0,\"nx\":null}"},
         {"{\"n\":0}", "{\"q\":1}", "{\"nx\":1}"}});
  check({R"({"type": "object", "required": ["z"], "minProperties": 2, "maxProperties": 2})",
         {"{\"z\":1,\"y\":2}"},
         {"{\"z\":1}", "{\"z\":1,\"y\":2,\"x\":3}"}});
  check({R"({"type": "object", "propertyNames": {"pattern": "^[a-z]$"}})",
         {"{\"a\":1}", "{}"},
         {"{\"A\":1}", "{\"ab\":1}"}});
  check({R"({"type": "object", "properties": {"a": {}, "b": {}, "c": {}},
             "additionalProperties": false, "dependentRequired": {"a": ["b"]}})",
         {"{\"a\":1,\"b\":1}", "{\"c\":1}", "{\"b\":1}"},
         {"{\"a\":1}", "{\"a\":1,\"c\":1}"}});
}

TEST_CASE("combinations") {
  check({R"({"anyOf": [{"type": "null"}, {"type": "integer", "minimum": 5}]})",
         {"null", "5"},
         {"4"}});
  check({R"({"allOf": [{"minimum": 3}, {"maximum": 5}], "type": "integer"})",
         {"3", "5"},
         {"2", "6"}});
  check({R"({"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]})",
         {"1", "2.5", "-7"},
         {"\"x\""}});
  check({R"({"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 1}},
             "additionalProperties": false,
             "oneOf": [{"required": ["a"]}, {"required": ["b"]}]})",
         {"{\"a\":1}", "{\"b\":1}"},
         {"{}", "{\"a\":1,\"b\":1}"}});
  check({R"({"type": "string", "not": {"enum": ["a", "b"]}})",
         {"\"c\"", "\"\"", "\"ab\""},
         {"\"a\""}});
  check({R"({"type": "object", "properties": {"k": {"enum": ["x", "y"]}, "v": {}},
             "required": ["k"], "additionalProperties": false,
             "if": {"properties": {"k": {"const": "x"}}}, "then": {"required": ["v"]}})",
         {"{\"k\":\"x\",\"v\":1}", "{\"k\":\"y\"}"},
         {"{\"k\":\"x\"}"}});
}

TEST_CASE("references, also to what they stand in") {
  check({R"({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object",
             "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/tree"}}},
             "additionalProperties": false}}})",
         {"{}", "{\"kids\":[{},{\"kids\":[]}]}"},
         {"{\"kids\":[1]}"}});
  check({R"({"$id": "http://x.org/s.json", "items": {"$ref": "s.json#node"}, "type": "array",
             "definitions": {"n": {"$id": "#node", "const": 1}}})",
         {"[1]"},
         {"[2]"}});
  CHECK(refusal(R"({"items": {"$ref": "other.json"}})")
            .starts_with("#/items: \"$ref\": \"other.json\" leads to nothing in this schema"));
  CHECK(refusal(R"({"$ref": "#"})") == "compiled");
  CHECK(refusal(R"({"anyOf": [{"$ref": "#"}]})") == "compiled");
}

TEST_CASE("a refusal names the part of the schema") {
  CHECK(refusal(R"({"properties": {"a/b": {"pattern": "(a)\\1"}}})")
            .starts_with("#/properties/a~1b: 'pattern': backreferences"));
  CHECK(refusal(R"({"type": "strin"})") == "#: 'type' has \"strin\", which is no type");
  CHECK(refusal(R"({"allOf": [{"type": "null"}, {"type": "string"}]})")
            .starts_with("the grammar allows no text at all"));
  CHECK(refusal("false").starts_with("the grammar allows no text at all"));
  CHECK(refusal("3").starts_with("#: a schema must be an object or true or false"));
}

TEST_CASE("hostile schemas end soon") {
  std::string deep = "true";
  for (int i = 0; i < 300; ++i) deep = "{\"items\":" + deep + "}";
  CHECK(refusal(deep.c_str()) == "compiled");
  for (int i = 0; i < 300; ++i) deep = "{\"items\":" + deep + "}";
  CHECK(refusal(deep.c_str()).starts_with("the schema is nested deeper than"));
  std::string branches = "{\"allOf\":[";
  for (int i = 0; i < 40; ++i)
    branches +=
        fmt::format("{}{{\"anyOf\":[{{\"required\":[\"a{}\"]}},{{\"required\":[\"b{}\"]}}]}}",
                    i == 0 ? "" : ",", i, i);
  CHECK(refusal((branches + "]}").c_str()) != "compiled");
  CHECK(refusal(R"({"type": "array", "maxItems": 1000000000000, "minItems": 100000000})") ==
        "compiled");
  CHECK(refusal(R"({"type": "string", "maxLength": 99999999})") == "compiled");
  CHECK(refusal(R"({"type": "string", "maxLength": 1000000000000000000})") == "compiled");
  Json many = Json::array();
  for (int i = 0; i < 50'000; ++i) many.push_back("value " + std::to_string(i));
  const Json schema = Json::object({{"enum", many}});
  CHECK(compile(json_schema(schema)));
}
