#pragma once
// A Spec as JSON, and back (docs/formats/receipt.md has the fields): what a compiled grammar keeps
// of where it comes from, so that somebody else can compile it again.

#include <string>

#include "data/grammar/spec.h"

namespace mill::grammar {

std::string spec_json(const Spec&);  // members in the order in which the Spec has them

// What is wrong is told by its kind. The depth of the JSON is the caller's to bound.
Result<Spec> spec_of(const Json&);

}  // namespace mill::grammar
