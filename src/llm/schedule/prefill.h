#pragma once
// The prompts' part of a step.

#include "llm/schedule/beside.h"
#include "llm/schedule/scheduler.h"

namespace mill::llm {

// Appends the next `tokens` of a sequence to the plan, with the logits that are wanted of them.
void add_piece(Plan&, Sequence&, uint32_t tokens);

// Goes forward over full blocks that the cache holds already, as far as no logits are wanted.
void adopt_cached(Schedule&, Sequence&);

// Shares what the step's budgets leave among the sequences with more than one token to compute,
// but for those that are ahead.
void plan_prefills(Schedule&, Beside&, Plan&);

}  // namespace mill::llm
