#include "data/grammar/spec_json.h"

#include <doctest/doctest.h>

namespace mill::grammar {
namespace {

Result<Spec> read(const std::string& text) { return spec_of(Json::parse(text)); }

// One of each kind, with texts that JSON has to escape.
Spec everything() {
  const Spec call = shared(arguments(Json::parse(R"({"type": "object", "properties": {
      "z": {"type": "string"}, "a": {"type": "integer", "maximum": 1.5}}})"),
                                     Notation::tagged));
  return choice({sequence({literal("<\n\"é"), call}), repeated(regex("[ab]c"), 0, kForever),
                 sequence({call, until({"</x>", "\\"}, "^z")}), ebnf("root ::= \"a\""),
                 json_schema(Json::parse(R"({"enum": [1, null, "é"]})"))});
}

}  // namespace

TEST_CASE("a spec comes back from its JSON as it was, shared parts shared") {
  const Spec spec = everything();
  const auto again = read(spec_json(spec));
  REQUIRE(again.has_value());
  CHECK(again->key() == spec.key());
  CHECK(spec_json(*again) == spec_json(spec));
  CHECK(again->parts[0].parts[1].one == again->parts[2].parts[0].one);
}

TEST_CASE("a compiled grammar keeps what it comes from") {
  const auto compiled = compile(json_object());
  REQUIRE(compiled.has_value());
  CHECK((*compiled)->source == R"({"kind":"json_schema","schema":{"type":"object"}})");
}

TEST_CASE("what is no spec is refused") {
  for (const char* wrong :
       {"[]", "{}", R"({"kind": "poem"})", R"({"kind": 3})", R"({"kind": "literal"})",
        R"({"kind": "until", "text": ""})", R"({"kind": "until", "text": "", "stops": [1]})",
        R"({"kind": "sequence", "parts": {}})", R"({"kind": "shared", "id": 0})",
        R"({"kind": "shared", "id": -1, "part": {"kind": "literal", "text": ""}})",
        R"({"kind": "repeated", "min": 0, "max": 4294967296, "parts": []})",
        R"({"kind": "arguments", "notation": "prose", "schema": {}})"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read(wrong).has_value());
  }
  std::string deep = R"({"kind": "literal", "text": ""})";
  for (int i = 0; i < 50; ++i) deep = R"({"kind": "choice", "parts": [)" + deep + "]}";
  CHECK(read(deep).error().message.contains("nested too deep"));
}

}  // namespace mill::grammar
