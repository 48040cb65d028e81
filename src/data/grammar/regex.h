#pragma once
// Regular expressions in a grammar.

#include "data/grammar/language.h"

namespace mill::grammar {

// The texts that the whole pattern is, between two nodes: as it is written down, with counted
// repetitions as repeats, where it looks at no place but its own two ends; else by way of
// Languages.
Result<void> emit_pattern(Builder&, NodeId from, std::string_view pattern, NodeId to);
void emit_automaton(Builder&, NodeId from, const Automaton&, NodeId to, Spelling);

}  // namespace mill::grammar
