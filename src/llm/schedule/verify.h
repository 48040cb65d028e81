#pragma once
// The guesses' part of a step.

#include "llm/schedule/scheduler.h"

namespace mill::llm {

// Adds guesses to the pieces of those that decode, as far as rows and blocks are to spare.
void plan_guesses(Schedule&, Plan&);

}  // namespace mill::llm
