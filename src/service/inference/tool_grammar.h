#pragma once
// The grammar of a call that has to be made, from where the prompt has begun it: so that it is a
// call of one of the tools, with arguments that the tool's schema allows.

#include "data/grammar/grammar.h"
#include "service/dialect/dialects.h"
#include "service/http/problem.h"
#include "service/inference/conversation.h"

namespace mill::inference {

// What a schema asks for beyond what a grammar can say is refused for a strict tool, by its place;
// of others, any arguments are taken then. Further calls may follow where they are wanted.
Checked<grammar::GrammarPtr> call_grammar(const ToolUse&, const dialect::ToolFormat&,
                                          const std::string& begun);

}  // namespace mill::inference
