#pragma once
// The ways in which clients ask for structured output, and the grammar that they mean.
//
//   response_format     {"type": "text" | "json_object"}, or {"type": "json_schema",
//                       "json_schema": {"name", "schema", "strict"}}; strict or not, it is kept to
//   structured_outputs  vLLM's: one of {"json", "json_object", "regex", "choice", "grammar"}
//   guided_json, guided_regex, guided_choice, guided_grammar    vLLM's older names for these
//   json_schema, grammar                                        llama-server's
//
// One of them at a time. docs/structured_output.md describes what they may hold.

#include <optional>

#include "service/openai/params.h"

namespace mill::openai {

// Nothing where the answer may be any text. Refusals are left in the fields.
std::optional<inference::Structure> read_structured_output(Fields&);

}  // namespace mill::openai
