#pragma once
// What is computed once a grammar is complete, in this order.

#include "data/grammar/grammar.h"

namespace mill::grammar {

void index_edges(Grammar&);        // sorts the edges, fills `first`
void measure_distances(Grammar&);  // fills `distances`
void drop_dead_ends(Grammar&);     // edges from which no end can be reached
void mark_tails(Grammar&);
void class_bytes(Grammar&);
Result<void> check_left_recursion(const Grammar&);

}  // namespace mill::grammar
