#pragma once
// Grammars as llama.cpp's GBNF writes them, with the spellings of xgrammar's EBNF.
//
//   grammar     = { rule }
//   rule        = name ("::=" | "=") alternatives         ends where the next rule's name begins
//   alternatives= sequence { "|" sequence }
//   sequence    = { item [ "*" | "+" | "?" | "{n}" | "{n,}" | "{n,m}" ] }
//   item        = "text" | 'text' | [class] | "." | name | "(" alternatives ")" | /regex/
//   class       = "[" ["^"] { character ["-" character] } "]"
//   escapes     in texts and classes: \n \r \t \\ \" \' \[ \] \- \^ \xHH \uHHHH \UHHHHHHHH
//   comment     = "#" … end of line
//
// The text is what the rule `root` allows. A name is letters, digits, "-" and "_". Left recursion
// is refused: write a repetition instead. "." is any character but a line's end.

#include "data/grammar/grammar.h"

namespace mill::grammar {

inline constexpr size_t kEbnfBytesMax = 1 << 20;

// The rule `root`, in the builder with all the others. Errors name the line.
Result<RuleId> emit_ebnf(Builder&, std::string_view grammar);

}  // namespace mill::grammar
