// Errors name their line, and nothing that a template does takes forever or all of the memory.
#include <doctest/doctest.h>

#include "data/template/chat_template.h"

namespace mill {
namespace {

std::string outcome(const std::string& source) {
  const auto compiled = ChatTemplate::compile(source);
  if (!compiled) return "compile: " + compiled.error().message;
  const auto text = compiled->render({{"messages", nlohmann::ordered_json::array()}});
  return text ? *text : "render: " + text.error().message;
}

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

TEST_CASE("errors say what and where") {
  const std::pair<const char*, const char*> rows[] = {
      {"a\n{{ x|foo }}", "compile: line 2: unknown filter 'foo'"},
      {"{% if no %}\n{{ x|foo }}{% endif %}{{ 1 is bar }}", "compile: line 2: unknown test 'bar'"},
      {"{% if true %}\n{{ x|foo }}{% endif %}", "render: line 2: unknown filter 'foo'"},
      {"\n\n{% include 'x' %}",
       "compile: line 3: the tag 'include' is not supported in chat templates"},
      {"{% nope %}", "compile: line 1: unknown tag 'nope'"},
      {"{% for x in y %}\n", "compile: line 1: the template ends where {% endfor %} is missing"},
      {"{{ 1 + }}", "compile: line 1: unexpected '}}'"},
      {"{{ 'a", "compile: line 1: a string has no closing quotation mark"},
      {"{{ $ }}", "compile: line 1: unexpected character '$'"},
      {"\n{{ a.b }}", "render: line 2: 'a' is undefined"},
      {"{{ messages.a.b }}", "render: line 1: 'list object' has no attribute 'a'"},
      {"\n\n{{ 1 + 'a' }}", "render: line 3: unsupported operand type(s) for +: 'int' and 'str'"},
      {"{{ '\\N{BULLET}' }}", "compile: line 1: \\N{name} escapes are not supported in strings"},
      {"{{ 99999999999999999999 }}",
       "compile: line 1: the number 99999999999999999999 does not fit 64 bits"},
      {"{{ 9223372036854775807 + 1 }}",
       "render: line 1: the result of 9223372036854775807 + 1 does not fit 64 bits"},
      {"{{ raise_exception('Only user and assistant roles!') }}",
       "render: Only user and assistant roles!"},
  };
  for (const auto& [source, expected] : rows) CHECK(outcome(source) == expected);
}

TEST_CASE("a list cannot be changed, and the error says so") {
  CHECK(outcome("{{ messages.append(1) }}") ==
        "render: line 1: 'append' changes a list: templates may not (build a new one, or use "
        "namespace())");
}

TEST_CASE("hostile templates meet a limit") {
  const std::string double_up = "{% set ns.x = ns.x + ns.x %}";
  const std::pair<std::string, const char*> rows[] = {
      {"{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "work"},
      {"{{ range(999999999) }}", "range too big"},
      {"{{ range(-9223372036854775807, 9223372036854775807) }}", "range too big"},
      {"{{ 'x' * 99999999999 }}", "too many"},
      {"{{ 'xxxxxxxx' * 9999999 }}", "too long"},
      {"{{ [0] * 19999999 }}", "memory"},
      {"{% set ns = namespace(x='abcdefgh') %}" + repeated(double_up, 40), "too long"},
      {"{% set ns = namespace(x=[1]) %}" + repeated(double_up, 40), "memory"},
      {"{% set ns = namespace(x=[1]) %}{% for i in range(500) %}{% set ns.x = [ns.x] %}{% endfor "
       "%}",
       "too deeply"},
      {"{% set ns = namespace(x=[1]) %}" + repeated("{% set ns.x = [ns.x, ns.x] %}", 60) +
           "{{ ns.x }}",
       "work"},
      {"{% set ns = namespace(x=[1], y=[1]) %}" +
           repeated("{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}", 60) +
           "{{ ns.x == ns.y }}",
       "work"},
      {"{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}", "too deeply"},
      {"{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "too deeply"},
      {"{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", "too deeply"},
      {"{% for i in range(99999) %}{% set x = namespace() %}{% endfor %}", "too many namespaces"},
      {"{% for i in range(99999) %}{{ 'x' * 1000 }}{% endfor %}", "output is too long"},
      {"{{ " + repeated("(", 500) + "1" + repeated(")", 500) + " }}", "too deeply"},
      {"{{ 1" + repeated(" + 1", 500) + " }}", "too deeply"},
      {"{{ " + repeated("not ", 500) + "1 }}", "too deeply"},
      {"{{ " + repeated("-", 500) + "1 }}", "too deeply"},
      {repeated("{% if 1 %}", 500), "too deeply"},
      {"{% set " + repeated("(", 500) + "a" + repeated(")", 500) + " = 1 %}", "too deeply"},
      {"{{ '%999999999d' % 1 }}", "too large"},
      {"{{ '{:.999999999f}'.format(1.0) }}", "too large"},
      {"{{ [1]|tojson(indent=99999) }}", "too large"},
      {"{{ 'a'|center(99999999999) }}", "too large"},
      {"{{ 'a'|indent(99999999999) }}", "too large"},
      {repeated("x", (1 << 20) + 1), "too long"},
  };
  for (const auto& [source, expected] : rows) {
    const std::string found = outcome(source);
    CAPTURE(source.substr(0, 100));
    CAPTURE(found.substr(0, 200));
    CHECK(found.find(expected) != std::string::npos);
  }
}

TEST_CASE("what forms a cycle is freed at the end") {
  CHECK(outcome("{% set ns = namespace() %}{% set ns.me = [ns] %}"
                "{% macro m() %}{{ ns is defined }}{% endmacro %}{% set ns.m = m %}{{ m() }}"
                "{% for x in [1] %}{% set ns.loop = loop %}{{ loop.changed(loop) }}{% endfor %}") ==
        "TrueTrue");
}

TEST_CASE("one compiled template serves many renders, and keeps the context's order") {
  const auto compiled = ChatTemplate::compile("{{ tools|tojson }}{{ strftime_now('%Y') }}");
  REQUIRE(compiled.has_value());
  std::tm now{};
  now.tm_year = 99;
  const nlohmann::ordered_json context = {{"tools", {{"z", 1}, {"a", {{"y", 2}, {"b", 3}}}}}};
  for (int i = 0; i < 2; ++i)
    CHECK(compiled->render(context, now).value() == R"({"z": 1, "a": {"y": 2, "b": 3}}1999)");
  CHECK(!compiled->render(nlohmann::ordered_json::array(), now).has_value());
}

TEST_CASE("whole numbers of 64 bits pass, larger ones become floats") {
  const auto compiled = ChatTemplate::compile("{{ a }} {{ b }} {{ c|tojson }}");
  const nlohmann::ordered_json context = {{"a", INT64_MAX}, {"b", INT64_MIN}, {"c", UINT64_MAX}};
  CHECK(compiled->render(context).value() ==
        "9223372036854775807 -9223372036854775808 1.8446744073709552e+19");
}

}  // namespace
}  // namespace mill
