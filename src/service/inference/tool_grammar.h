#pragma once
// Grammars of answers that call tools: a call is one of a tool that there is, with arguments that
// the tool's schema allows. What a schema asks for beyond what a grammar can say is refused for a
// strict tool, by its place; of others, any arguments are taken then.

#include "data/grammar/grammar.h"
#include "service/dialect/output_parser.h"
#include "service/http/problem.h"
#include "service/inference/conversation.h"
#include "service/inference/grammars.h"

namespace mill::inference {

// A call that has to be made, from where the prompt has begun it. Further calls may follow where
// they are wanted.
Checked<grammar::GrammarPtr> call_grammar(Grammars&, const ToolUse&, const dialect::ToolFormat&,
                                          const std::string& begun);

// An answer that may call: any text up to where the parser takes something for a call. For a lazy
// request (llm/request.h).
Checked<grammar::GrammarPtr> answer_grammar(Grammars&, const ToolUse&,
                                            const dialect::ParserOptions&);

// An answer of this structure, or calls: which of them, its first bytes tell. Only formats that
// open their calls can do that (ToolFormat::open).
Checked<grammar::GrammarPtr> structure_or_calls(Grammars&, const ToolUse&,
                                                const dialect::ParserOptions&,
                                                const grammar::Spec& structure);

}  // namespace mill::inference
