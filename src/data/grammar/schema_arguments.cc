// The arguments of a call, in the notations that are not JSON (notation.h): an object whose names
// stand without quotes, and, where tagged, strings as they are.

#include <algorithm>

#include "data/grammar/regex.h"
#include "data/grammar/schema_writer.h"
#include "data/grammar/text.h"

namespace mill::grammar {
namespace {

constexpr size_t kTagNameMax = 200;          // who reads tags takes 256 bytes
constexpr uint64_t kBareCountedMax = 4'000;  // characters of bare text that are counted

// Names of our own making, where any name will do.
constexpr const char* kPlainName = "^[A-Za-z_][A-Za-z0-9_]{0,63}$";

bool is_python_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && std::ranges::all_of(name, fits);
}

bool is_tag_name(const std::string& name) {
  return !name.empty() && name.size() <= kTagNameMax &&
         name.find_first_of("<>\n") == std::string::npos;
}

}  // namespace

Result<RuleId> SchemaWriter::run_arguments(const Json& schema) {
  static const Json kObjects = {{"type", "object"}};
  root_ = &schema;
  const Conjunction whole = {{&schema}, {&kObjects}};
  if (notation_ == Notation::json) {
    const RuleId root = rule_for(whole);
    TRY(drain());
    return root;
  }
  const Form form{"", notation_ == Notation::python ? ", " : "", "", true};
  const RuleId root = builder_.rule("the arguments");
  TRY_ASSIGN(const std::vector<Leaf> leaves, expander_.leaves(whole));
  for (const Leaf& leaf : leaves) {
    if (leaf.values)
      return source_.index.refuse(&schema, ErrorKind::unsupported,
                                  "arguments from a list of whole objects");
    const NodeId begin = builder_.node();
    builder_.skip(builder_.start(root), begin);
    TRY(write_object(begin, leaf, form, builder_.end(root)));
  }
  TRY(drain());
  return root;
}

// An optional argument that cannot be written is left out.
Result<bool> SchemaWriter::spells(const std::string& name, bool required) const {
  const bool possible = notation_ == Notation::python ? is_python_name(name) : is_tag_name(name);
  if (possible || !required) return possible;
  return fail(ErrorKind::unsupported,
              "the required name {} cannot be written by this model's calls",
              json_text(Json(name)));
}

RuleId SchemaWriter::argument_rule(const std::string& name, RuleId value) {
  const auto [at, fresh] = argument_rules_.try_emplace({name, value}, 0);
  if (!fresh) return at->second;
  const bool python = notation_ == Notation::python;
  const RuleId rule = builder_.rule(name);
  const NodeId begin = builder_.node(), end = builder_.node();
  builder_.literal(builder_.start(rule),
                   python ? name + "=" : fmt::format("{}{}>\n", kParameterOpen, name), begin);
  builder_.call(begin, value, end);
  builder_.literal(end, python ? "" : fmt::format("\n{}\n", kParameterClose), builder_.end(rule));
  return at->second = rule;
}

Result<RuleId> SchemaWriter::more_argument_rule(const Leaf& leaf,
                                                const std::vector<Member>& members,
                                                const NamePatterns& found, Conjunction values) {
  const bool python = notation_ == Notation::python;
  NamePatterns patterns = found;
  patterns.emplace_back(kPlainName, true);
  TRY_ASSIGN(const Automaton names, name_automaton(leaf, members, patterns));
  // Of a name that no schema names, only additionalProperties can say that its text is bare.
  TRY_ASSIGN(const RuleId value, argument_value(std::move(values), is_bare_argument(*root_, "")));
  const RuleId rule = builder_.rule("another argument");
  const NodeId name = builder_.node(), after = builder_.node(), begin = builder_.node(),
               end = builder_.node();
  builder_.literal(builder_.start(rule), python ? "" : kParameterOpen, name);
  emit_automaton(builder_, name, names, after, Spelling::raw);
  builder_.literal(after, python ? "=" : ">\n", begin);
  builder_.call(begin, value, end);
  builder_.literal(end, python ? "" : fmt::format("\n{}\n", kParameterClose), builder_.end(rule));
  return rule;
}

Result<RuleId> SchemaWriter::argument_value(Conjunction values, bool bare) {
  if (notation_ == Notation::python || !bare) return rule_for(std::move(values));
  const RuleId rule = builder_.rule("a bare text");
  if (std::ranges::any_of(values, [](const Atom& it) { return *it.schema == false; })) return rule;
  TRY_ASSIGN(const std::vector<Leaf> leaves, expander_.leaves(values));
  for (const Leaf& leaf : leaves) {
    const NodeId begin = builder_.node();
    builder_.skip(builder_.start(rule), begin);
    TRY(write_bare(begin, leaf, builder_.end(rule)));
  }
  return rule;
}

// A text that its tag does not end early.
Result<void> SchemaWriter::write_bare(NodeId from, const Leaf& leaf, NodeId to) {
  if (leaf.values) {
    std::vector<std::string> texts;
    for (const Json* value : *leaf.values)
      if (value->is_string() && !value->get_ref<const std::string&>().contains(kParameterClose))
        texts.push_back(value->get<std::string>());
    write_texts(from, std::move(texts), to);
    return {};
  }
  if ((leaf.types & kString) == 0) return {};
  Languages languages(builder_.effort());
  TRY_ASSIGN(const LanguageId said, string_language(languages, leaf));
  TRY_ASSIGN(const std::u32string close, decoded(kParameterClose));
  const LanguageId any = languages.repeat(languages.codes(CodeSet::all()), 0, kForever);
  const LanguageId closed =
      languages.marked(languages.sequence(any, languages.sequence(languages.text(close), any)));
  TRY_ASSIGN(const Automaton automaton,
             languages.automaton(languages.both({said, languages.except(closed)})));
  write_counted(from, automaton, {leaf.length, kBareCountedMax, Spelling::raw}, to);
  return {};
}

}  // namespace mill::grammar
