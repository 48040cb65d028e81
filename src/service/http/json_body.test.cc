#include "service/http/json_body.h"

#include <doctest/doctest.h>

namespace mill::http {

TEST_CASE("what is not JSON is refused with its place") {
  struct Row {
    const char* text;
    const char* part;
  };
  const Row rows[] = {
      {"", "line 1, column 1"},
      {"{\"a\": 1,}", "line 1, column 9"},
      {"{\n  \"a\": tru\n}", "line 2, column"},
      {"{\"a\": \"\xff\"}", "line 1, column 8"},
      {"{\"a\": \"\\ud800\"}", "surrogate"},
      {"[1e999]", "1e999"},
      {"[1] [2]", "line 1, column 5"},
  };
  for (const Row& row : rows) {
    const auto value = parse_json(row.text);
    REQUIRE_FALSE(value.has_value());
    CAPTURE(value.error().message);
    CHECK(value.error().status == 400);
    CHECK(value.error().message.find(row.part) != std::string::npos);
  }
}

TEST_CASE("depth and number of values are bounded before anything is built") {
  CHECK(parse_json(std::string(64, '[') + std::string(64, ']')).has_value());
  const auto deep = parse_json(std::string(1'000'000, '['));
  REQUIRE_FALSE(deep.has_value());
  CHECK(deep.error().message.find("nested 1000000 deep") != std::string::npos);
  CHECK_FALSE(parse_json("[1,2,3]", {.depth_max = 9, .values_max = 2}).has_value());
  CHECK(parse_json("[\"[[[,,,\\\"[[[\"]", {.depth_max = 1, .values_max = 1}).has_value());
}

TEST_CASE("keys are bounded, as each is compared with all before it") {
  const auto object_of = [](uint64_t keys) {
    std::string out = "{\"k\": [1, 2, {}, \",,,,\"]";
    for (uint64_t i = 1; i < keys; ++i) out += ",\"" + std::to_string(i) + "\": 1";
    return out + "}";
  };
  CHECK(parse_json(object_of(kKeysMax - 1)).has_value());
  const auto refused = parse_json(object_of(kKeysMax + 1));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("about 10001 keys; at most 10000") != std::string::npos);
  const std::string half = object_of(kKeysMax / 2);
  CHECK(parse_json("[" + half + ", " + half + "]").has_value());
  CHECK_FALSE(parse_json("[" + half + "," + half + "," + half + "," + half + "]").has_value());
}

TEST_CASE("key order is kept, and of duplicates the last counts") {
  const auto value = parse_json(R"({"z": 1, "a": 2, "z": 3})");
  REQUIRE(value.has_value());
  CHECK(value->dump() == R"({"z":3,"a":2})");
  CHECK_FALSE(parse_json_object("[1]").has_value());
}

}  // namespace mill::http
