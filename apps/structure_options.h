#pragma once
// --json-schema, --regex and --grammar: what an answer is to be like.

#include <CLI/CLI.hpp>
#include <string>

#include "data/grammar/grammar.h"

namespace mill::apps {

struct StructureFlags {
  std::string json_schema, grammar;  // paths
  std::string regex;
};

void add_structure_options(CLI::App&, StructureFlags&);

Result<grammar::GrammarPtr> grammar_for(const StructureFlags&);  // null: any text

}  // namespace mill::apps
