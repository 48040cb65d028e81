#pragma once
// What a text is to be like, as somebody asks for it, and the grammar of it. The parts compose:
// an answer that may call tools is
//   sequence({until({"<tool_call>"}),
//             repeated(sequence({literal("<tool_call>"), json_schema(arguments),
//                                literal("</tool_call>"), until({"<tool_call>"})}), 0, kForever)})

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/grammar/effort.h"
#include "data/grammar/grammar.h"
#include "data/grammar/notation.h"

namespace mill::grammar {

using Json = nlohmann::ordered_json;

enum class SpecKind : uint8_t {
  literal,
  json_schema,
  arguments,
  regex,
  ebnf,
  until,
  sequence,
  choice,
  repeated,
  shared
};

struct Spec {
  SpecKind kind = SpecKind::literal;
  std::string text = {};                 // of literal, regex, ebnf, until (a pattern)
  Json schema = {};                      // of json_schema, arguments
  Notation notation = Notation::json;    // of arguments
  std::vector<std::string> stops = {};   // of until
  std::vector<Spec> parts = {};          // of sequence, choice, repeated (one)
  uint32_t min = 0, max = kForever;      // of repeated
  std::shared_ptr<const Spec> one = {};  // of shared

  std::string key() const;  // equal keys, equal languages: what a cache goes by
};

Spec literal(std::string text);         // this text, in UTF-8
Spec json_schema(Json schema);          // a value that the schema allows (json_schema.h)
Spec json_object();                     // any object
Spec arguments(Json schema, Notation);  // an object that it allows, as a call writes it
Spec regex(std::string pattern);        // a text that the pattern matches from end to end
Spec ebnf(std::string grammar);         // ebnf.h says how it is written
// Any bytes, characters or not, in which none of the stops occurs, nor the pattern if there is one.
Spec until(std::vector<std::string> stops, std::string pattern = "");
Spec sequence(std::vector<Spec> parts);
Spec choice(std::vector<Spec> parts);
Spec choice(const std::vector<std::string>& texts);
Spec repeated(Spec part, uint32_t min, uint32_t max);
Spec shared(Spec part);  // the same; copies of it are compiled once, however many there are

// Refused with a sentence that says where: what is wrong, what no grammar can say, what is too
// large. Bounded in time and memory whatever it is given.
Result<GrammarPtr> compile(const Spec&, uint64_t steps_max = Effort::kStepsMax);

}  // namespace mill::grammar
