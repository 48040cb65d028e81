#pragma once
// For tests: a model without any sense under a grammar of calls, and what the parser makes of it.

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "data/grammar/schema_validator.h"
#include "llm/constrain/constraint.h"
#include "service/dialect/output_parser.h"
#include "service/inference/conversation.h"

namespace mill::inference::testing {

inline constexpr const char* kTools = R"([
  {"name": "search", "parameters": {"type": "object", "required": ["q", "options"],
    "additionalProperties": false, "$defs": {"text": {"type": "string", "maxLength": 6}},
    "properties": {"q": {"type": "string", "minLength": 1, "maxLength": 30},
      "mode": {"type": "string", "enum": ["fast", "it's </parameter>", "\"deep\""]},
      "text": {"type": "string"}, "any": {},
      "n": {"type": ["integer", "null"], "minimum": 1, "maximum": 20},
      "either": {"anyOf": [{"$ref": "#/$defs/text"}, {"type": "boolean"}]},
      "options": {"type": "object", "additionalProperties": {"enum": [true, null, "a'\"\\b"]},
        "properties": {"tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
          "code": {"type": "string", "pattern": "^[a-z'\"]{2,4}$"}}}}}},
  {"name": "noop", "parameters": {"type": "object", "maxProperties": 0}},
  {"name": "all-labels", "parameters": {"type": "object", "minProperties": 1, "maxProperties": 3,
    "additionalProperties": {"type": "string", "maxLength": 5}}}])";

inline ToolUse tools(Calls calls) {
  ToolUse use;
  use.calls = calls;
  for (const Json& function : Json::parse(kTools)) REQUIRE(use.add(function, "tools"));
  return use;
}

// All bytes, and words: of calls, and those given. Token 0 ends the answer.
inline std::shared_ptr<const llm::TokenTrie> vocabulary(const std::vector<std::string>& more = {}) {
  std::vector<std::string> pieces = {""};
  for (int byte = 0; byte < 256; ++byte) pieces.emplace_back(1, static_cast<char>(byte));
  for (const char* word :
       {"</", "parameter", ">\n", "{\"", "\": ", "True", "null", "', '", "\\u00",
        "\n</parameter>\n", "<parameter=", "é", "[[", "\"}", ")]", "</tool_call>"})
    pieces.emplace_back(word);
  pieces.insert(pieces.end(), more.begin(), more.end());
  return std::make_shared<const llm::TokenTrie>(std::move(pieces), std::vector<TokenId>{0});
}

// Any token of the mask; mostly one of the words, if there is one and they are `preferred`.
inline TokenId drawn(const llm::TokenMask& mask, size_t vocab, std::mt19937& random,
                     bool preferred = false) {
  std::vector<TokenId> all, words;
  for (size_t i = 0; i < vocab; ++i) {
    if (!mask.has(static_cast<TokenId>(i))) continue;
    all.push_back(static_cast<TokenId>(i));
    if (i > 256) words.push_back(static_cast<TokenId>(i));
  }
  REQUIRE_FALSE(all.empty());
  const auto& from = preferred && !words.empty() && random() % 4 != 0 ? words : all;
  return from[random() % from.size()];
}

struct Said {
  std::vector<std::pair<std::string, std::string>> calls;
  bool all_whole = true, last_whole = true;
  std::string text, thoughts;
};

inline Said read(const dialect::ParserOptions& options, const std::string& text) {
  dialect::OutputParser parser(options);
  Said said;
  const auto take = [&](const std::vector<dialect::OutputEvent>& events) {
    using dialect::OutputKind;
    for (const dialect::OutputEvent& event : events) {
      if (event.kind == OutputKind::call_begin) said.calls.emplace_back(event.text, "");
      if (event.kind == OutputKind::arguments) said.calls.back().second += event.text;
      if (event.kind == OutputKind::call_end) said.all_whole = said.all_whole && event.whole;
      if (event.kind == OutputKind::call_end) said.last_whole = event.whole;
      if (event.kind == OutputKind::text) said.text += event.text;
      if (event.kind == OutputKind::thinking) said.thoughts += event.text;
    }
  };
  take(parser.feed(text));
  take(parser.finish());
  return said;
}

inline bool valid(const Json& schema, const Json& value) {
  auto index = grammar::SchemaIndex::of(schema);
  REQUIRE(index);
  grammar::Effort effort;
  grammar::SchemaSource source(std::move(*index), effort);
  return grammar::Validator(source).valid(&schema, value).value_or(false);
}

// The call is one of a tool that there is, as its schema allows.
inline void check_call(const ToolUse& use, const std::string& name, const std::string& arguments) {
  CAPTURE(name);
  CAPTURE(arguments);
  REQUIRE(use.schemas.contains(name));
  const Json value = Json::parse(arguments, nullptr, false);
  REQUIRE(value.is_object());
  CHECK(valid(use.schemas.at(name), value));
}

}  // namespace mill::inference::testing
