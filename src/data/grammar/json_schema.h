#pragma once
// JSON Schema (draft 2020-12, with the older spellings that real schemas still use) in a grammar.
// docs/structured_output.md has the table of keywords.
//
// What is written is always valid; not everything valid can be written: properties come in the
// order in which the schema names them, then others; a number's digits are bounded; JSON's
// spellings are fewer. A keyword that restricts values and cannot be said by a grammar is refused,
// with the JSON pointer of its schema.

#include <nlohmann/json.hpp>

#include "data/grammar/grammar.h"
#include "data/grammar/notation.h"

namespace mill::grammar {

using Json = nlohmann::ordered_json;

// The rule of a value that meets the schema.
Result<RuleId> emit_json_schema(Builder&, const Json& schema);

// The rule of an object that meets the schema, as a call writes its arguments down. Refused, too: a
// required name that the notation has no way to write.
Result<RuleId> emit_arguments(Builder&, const Json& schema, Notation);

}  // namespace mill::grammar
