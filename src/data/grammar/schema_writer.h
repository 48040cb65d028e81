#pragma once
// Leaves as rules of a grammar: one rule for each conjunction of schemas, so that what is shared or
// recursive in the schema is so in the grammar.

#include <map>

#include "data/grammar/code_set.h"
#include "data/grammar/language.h"
#include "data/grammar/schema_expand.h"

namespace mill::grammar {

class SchemaWriter {
 public:
  SchemaWriter(Builder& builder, SchemaSource& source);

  Result<RuleId> run(const Json& schema);

 private:
  struct Counting;  // of properties (schema_order.cc)
  using Row = std::vector<NodeId>;
  using NamePatterns = std::vector<std::pair<std::string, bool>>;  // and whether it is found
  struct Member {                                                  // a property with a name
    std::string name;
    RuleId rule = 0;  // of name and value
    bool required = false;
  };

  RuleId rule_for(Conjunction conjunction);
  Result<void> write(RuleId rule, const Conjunction& conjunction);
  Result<void> write_leaf(NodeId from, const Leaf&, NodeId to);
  void write_texts(NodeId from, std::vector<std::string> texts, NodeId to);

  Result<void> write_string(NodeId from, const Leaf&, NodeId to);
  Result<LanguageId> string_language(Languages&, const Leaf&);
  void write_counted(NodeId from, const Automaton&, CountRange length, NodeId to);
  RuleId character_rule();
  RuleId any_string_rule();

  Result<void> write_number(NodeId from, const Leaf&, NodeId to);
  Result<void> write_multiples(NodeId from, const Automaton&, const Said& multiple, NodeId to);

  Result<void> write_array(NodeId from, const Leaf&, NodeId to);
  Conjunction item_at(const Leaf&, size_t position) const;
  Result<bool> write_unique(NodeId from, const Leaf&, NodeId to);

  Result<void> write_object(NodeId from, const Leaf&, NodeId to);
  Result<Counting> counting_of(const Leaf&, const std::vector<Member>&, bool more) const;
  Row new_row(const Counting&);
  void write_property(const Row& row, size_t c, const std::vector<RuleId>& properties,
                      const Counting&, const Row& next);
  RuleId nothing_rule();
  Result<std::vector<Member>> members_of(const Leaf&);
  Result<std::vector<RuleId>> more_names_of(const Leaf&, const std::vector<Member>&);
  Result<Conjunction> value_of(const Leaf&, const std::string& name);
  Result<bool> name_allowed(const Leaf&, const std::string& name);
  Result<RuleId> other_name_rule(const std::vector<Member>&);
  Result<Automaton> name_automaton(const Leaf&, const std::vector<Member>&, const NamePatterns&);
  std::vector<std::string> name_patterns(const Leaf&) const;
  Conjunction value_under(const Leaf&, const NamePatterns& found) const;
  Result<void> write_other_name(NodeId from, const Leaf&, const std::vector<Member>&,
                                const NamePatterns& found, NodeId to);
  Result<LanguageId> names_language(Languages&, const Leaf&);
  Result<LanguageId> listed_language(Languages&, const Leaf&);
  RuleId free_name_rest();
  RuleId property_rule(const std::string& name, RuleId value);

  // A rule of its own for each, by what it is for.
  RuleId blank_rule();
  void punctuate(NodeId from, char mark, NodeId to);  // the mark, and white space behind it

  Builder& builder_;
  SchemaSource& source_;
  Expander expander_;
  Validator validator_;
  PatternCache patterns_;
  std::map<Conjunction, RuleId> rules_;
  std::map<std::pair<std::string, RuleId>, RuleId> property_rules_;
  std::vector<std::pair<RuleId, Conjunction>> pending_;
  std::map<std::string, RuleId> shared_;  // character, blank, …
};

}  // namespace mill::grammar
