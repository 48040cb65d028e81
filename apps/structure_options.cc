#include "apps/structure_options.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "data/grammar/spec.h"

namespace mill::apps {
namespace {

Result<std::string> text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return fail(ErrorKind::io, "{}: {}", path, std::strerror(errno));
  return text;
}

Result<grammar::Spec> spec_of(const StructureFlags& flags) {
  if (!flags.regex.empty()) return grammar::regex(flags.regex);
  if (!flags.grammar.empty()) {
    TRY_ASSIGN(std::string text, text_of(flags.grammar));
    return grammar::ebnf(std::move(text));
  }
  TRY_ASSIGN(const std::string text, text_of(flags.json_schema));
  grammar::Json schema = grammar::Json::parse(text, nullptr, false);
  if (schema.is_discarded())
    return fail(ErrorKind::invalid, "{} is no JSON document", flags.json_schema);
  return grammar::json_schema(std::move(schema));
}

}  // namespace

void add_structure_options(CLI::App& command, StructureFlags& flags) {
  auto* schema = command.add_option("--json-schema", flags.json_schema,
                                    "Answer in JSON that the schema in this file allows");
  auto* regex = command.add_option("--regex", flags.regex, "Answer with what this matches whole");
  auto* grammar =
      command.add_option("--grammar", flags.grammar, "Answer in the EBNF grammar in this file");
  schema->excludes(regex)->excludes(grammar);
  regex->excludes(grammar);
}

Result<grammar::GrammarPtr> grammar_for(const StructureFlags& flags) {
  if (flags.json_schema.empty() && flags.regex.empty() && flags.grammar.empty()) return nullptr;
  TRY_ASSIGN(const grammar::Spec spec, spec_of(flags));
  auto compiled = grammar::compile(spec);
  const std::string& place = !flags.json_schema.empty() ? flags.json_schema
                             : flags.grammar.empty()    ? flags.regex
                                                        : flags.grammar;
  if (!compiled) return within(place, compiled.error());
  return compiled;
}

}  // namespace mill::apps
