#pragma once
// Leaves as rules of a grammar: one rule for each conjunction of schemas, so that what is shared or
// recursive in the schema is so in the grammar.

#include <map>

#include "data/grammar/code_set.h"
#include "data/grammar/language.h"
#include "data/grammar/notation.h"
#include "data/grammar/schema_expand.h"

namespace mill::grammar {

class SchemaWriter {
 public:
  SchemaWriter(Builder& builder, SchemaSource& source, Notation notation = Notation::json);

  Result<RuleId> run(const Json& schema);
  Result<RuleId> run_arguments(const Json& schema);  // an object, as a call has it

 private:
  struct Counting;  // of properties (schema_order.cc)
  using Row = std::vector<NodeId>;
  using NamePatterns = std::vector<std::pair<std::string, bool>>;  // and whether it is found
  struct Member {                                                  // a property with a name
    std::string name;
    RuleId rule = 0;  // of name and value
    bool required = false;
  };
  struct Form {  // what stands around an object's properties
    std::string_view open, comma, close;
    bool arguments = false;  // of a call, in a notation of its own
  };

  RuleId rule_for(Conjunction conjunction);
  Result<void> drain();
  Result<void> write(RuleId rule, const Conjunction& conjunction);
  Result<void> write_leaf(NodeId from, const Leaf&, NodeId to);
  void write_texts(NodeId from, std::vector<std::string> texts, NodeId to);

  Result<void> write_string(NodeId from, const Leaf&, NodeId to);
  Result<LanguageId> string_language(Languages&, const Leaf&);
  struct Counted {
    CountRange length;
    uint64_t most = 0;  // characters are counted so far
    Spelling spelling = Spelling::json;
  };
  void write_counted(NodeId from, const Automaton&, Counted, NodeId to);
  RuleId character_rule(Spelling);
  RuleId any_string_rule();

  Result<bool> spells(const std::string& name, bool required) const;
  RuleId argument_rule(const std::string& name, RuleId value);
  Result<RuleId> more_argument_rule(const Leaf&, const std::vector<Member>&,
                                    const NamePatterns& found, Conjunction values);
  Result<RuleId> argument_value(Conjunction, bool bare);
  Result<void> write_bare(NodeId from, const Leaf&, NodeId to);

  Result<void> write_number(NodeId from, const Leaf&, NodeId to);
  Result<void> write_multiples(NodeId from, const Automaton&, const Said& multiple, NodeId to);

  Result<void> write_array(NodeId from, const Leaf&, NodeId to);
  Conjunction item_at(const Leaf&, size_t position) const;
  Result<bool> write_unique(NodeId from, const Leaf&, NodeId to);

  Result<void> write_object(NodeId from, const Leaf&, const Form&, NodeId to);
  Result<Counting> counting_of(const Leaf&, const std::vector<Member>&, bool more) const;
  Row new_row(const Counting&);
  void write_property(const Row& row, size_t c, const std::vector<RuleId>& properties,
                      const Counting&, const Row& next);
  void mark(NodeId from, const Form&, std::string_view text, NodeId to);
  RuleId nothing_rule();
  Result<std::vector<Member>> members_of(const Leaf&, const Form&);
  Result<std::vector<RuleId>> more_names_of(const Leaf&, const std::vector<Member>&, const Form&);
  Result<RuleId> more_rule(const Leaf&, const std::vector<Member>&, const NamePatterns& found,
                           Conjunction values);
  Result<Conjunction> value_of(const Leaf&, const std::string& name);
  Result<bool> name_allowed(const Leaf&, const std::string& name);
  Result<RuleId> other_name_rule(const std::vector<Member>&, Spelling);
  Result<Automaton> name_automaton(const Leaf&, const std::vector<Member>&, const NamePatterns&);
  std::vector<std::string> name_patterns(const Leaf&) const;
  Conjunction value_under(const Leaf&, const NamePatterns& found) const;
  Result<void> write_other_name(NodeId from, const Leaf&, const std::vector<Member>&,
                                const NamePatterns& found, NodeId to);
  Result<LanguageId> names_language(Languages&, const Leaf&);
  Result<LanguageId> listed_language(Languages&, const Leaf&);
  RuleId free_name_rest(Spelling);
  RuleId property_rule(const std::string& name, RuleId value);

  // A rule of its own for each, by what it is for.
  RuleId blank_rule();
  void punctuate(NodeId from, char mark, NodeId to);  // the mark, and white space behind it

  std::vector<std::string> texts_of(const Json& value) const;  // all ways to write it
  std::vector<Spelling> quoted() const;                        // … and strings

  Builder& builder_;
  SchemaSource& source_;
  Notation notation_;
  const Json* root_ = nullptr;  // of arguments
  Expander expander_;
  Validator validator_;
  PatternCache patterns_;
  std::map<Conjunction, RuleId> rules_;
  std::map<std::pair<std::string, RuleId>, RuleId> property_rules_, argument_rules_;
  std::vector<std::pair<RuleId, Conjunction>> pending_;
  std::map<std::string, RuleId> shared_;  // character, blank, …
};

}  // namespace mill::grammar
