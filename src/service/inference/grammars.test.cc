#include "service/inference/grammars.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <thread>
#include <vector>

namespace mill::inference {
namespace {

using grammar::regex;

TEST_CASE("a grammar is compiled once for all who say the same, and a refusal is remembered") {
  Grammars grammars;
  const auto first = grammars.compiled(regex("[a-z]+"));
  REQUIRE(first);
  CHECK(*grammars.compiled(regex("[a-z]+")) == *first);
  CHECK(*grammars.compiled(regex("[a-y]+")) != *first);
  CHECK(grammars.compilations() == 2);
  const auto refused = grammars.compiled(regex("("));
  REQUIRE_FALSE(refused);
  CHECK(grammars.compiled(regex("(")).error().message == refused.error().message);
  CHECK(grammars.compilations() == 3);
}

TEST_CASE("those not asked for the longest go where the memory runs out") {
  const auto pattern = [](int i) { return regex(fmt::format("{:0>300}", i)); };
  Grammars measured;
  REQUIRE(measured.compiled(pattern(0)));
  const size_t one = measured.memory_bytes();
  Grammars grammars(3 * one + one / 2);
  const auto first = grammars.compiled(pattern(0));
  for (int i = 1; i < 3; ++i) REQUIRE(grammars.compiled(pattern(i)));
  CHECK(*grammars.compiled(pattern(0)) == *first);
  REQUIRE(grammars.compiled(pattern(3)));  // 1 goes
  CHECK(*grammars.compiled(pattern(0)) == *first);
  CHECK(grammars.compilations() == 4);
  REQUIRE(grammars.compiled(pattern(1)));
  CHECK(grammars.compilations() == 5);
  CHECK(grammars.memory_bytes() <= 3 * one + one / 2);
}

TEST_CASE("one that is larger than all the memory is compiled each time, and pushes nobody out") {
  Grammars grammars(100'000);
  REQUIRE(grammars.compiled(regex("a")));
  const size_t before = grammars.memory_bytes();
  const auto large = regex("(?:[a-z]{3}[0-9]){1000}" + std::string(8000, 'x'));
  REQUIRE(grammars.compiled(large));
  REQUIRE(grammars.compiled(large));
  CHECK(grammars.compilations() == 3);
  CHECK(grammars.memory_bytes() == before);
}

TEST_CASE("a body that may ask for a grammar is told, also in disguise") {
  for (const char* body :
       {R"({"response_format": {}})", R"({"guided_regex": "a"})", R"({"tools": []})",
        R"({"text": {"format": {}}})", R"({"\u0067uided_json": {}})", R"({"g\u0072ammar": ""})"}) {
    CAPTURE(body);
    CHECK(may_need_grammar(body));
  }
  CHECK_FALSE(may_need_grammar(R"({"prompt": "caf\u00e9 \u20ac, a format and tools"})"));
  CHECK_FALSE(may_need_grammar(R"({"prompt": "\u00)"));
}

TEST_CASE("many threads ask at once") {
  Grammars grammars(50'000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) CHECK(grammars.compiled(regex(fmt::format("a{{{}}}", i % 30))));
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(grammars.memory_bytes() <= 50'000);
}

}  // namespace
}  // namespace mill::inference
