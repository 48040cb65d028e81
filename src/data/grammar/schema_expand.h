#pragma once
// A conjunction of schemas as a union of leaves (a disjunctive normal form).

#include <map>
#include <set>

#include "data/grammar/schema_parts.h"
#include "data/grammar/schema_validator.h"

namespace mill::grammar {

class Expander {
 public:
  explicit Expander(SchemaSource& source) : source_(source), validator_(source) {}

  // None where they contradict each other. Where "not" (and what is made of it: oneOf, if)
  // excludes more than it has to because no grammar could say it exactly, and nothing is left
  // because of that, the schema is refused.
  Result<std::vector<Leaf>> leaves(const Conjunction&);

 private:
  // A way through the conjunction: what is settled, what is still to be read, what to choose.
  struct Way {
    Leaf leaf;
    Conjunction todo;
    std::set<Atom> seen;
    std::vector<std::vector<Conjunction>> choices;
    bool dead = false;
  };
  // One of these holds where the schema does not; not `complete`: or something that is left out.
  struct Negated {
    std::vector<Conjunction> any;
    bool complete = true;
  };
  using Handler = Result<void> (Expander::*)(Way&, const Json& value, const Json* schema);
  struct Row {
    const char* keyword;
    Handler handler;
  };
  static const std::vector<Row>& rows();

  Result<void> walk(Way way);
  Result<void> settle(Way& way);
  Result<void> finish(Way way);
  Result<void> apply(Way&, const Json* schema);
  Result<void> negate(Way&, const Json* schema);
  Result<const Negated*> negation(const Json* schema);
  void add_choice(Way&, std::vector<Conjunction> choice);
  Result<bool> contradict(const Json* a, const Json* b);
  Result<bool> can_be(const Leaf&, int depth);

  Result<void> read_ref(Way&, const Json&, const Json*);
  Result<void> read_type(Way&, const Json&, const Json*);
  Result<void> read_enum(Way&, const Json&, const Json*);
  Result<void> read_const(Way&, const Json&, const Json*);
  Result<void> read_excluded(Way&, const Json&, const Json*);
  Result<void> read_all_of(Way&, const Json&, const Json*);
  Result<void> read_any_of(Way&, const Json&, const Json*);
  Result<void> read_one_of(Way&, const Json&, const Json*);
  Result<void> read_not(Way&, const Json&, const Json*);
  Result<void> read_numbered_not(Way&, const Json&, const Json*);
  Result<void> read_if(Way&, const Json&, const Json*);
  Result<void> read_dependencies(Way&, const Json&, const Json*);
  Result<void> read_pattern(Way&, const Json&, const Json*);
  Result<void> read_not_pattern(Way&, const Json&, const Json*);
  Result<void> read_format(Way&, const Json&, const Json*);
  Result<void> read_multiple(Way&, const Json&, const Json*);
  Result<void> read_minimum(Way&, const Json&, const Json*);
  Result<void> read_maximum(Way&, const Json&, const Json*);
  Result<void> read_exclusive_minimum(Way&, const Json&, const Json*);
  Result<void> read_exclusive_maximum(Way&, const Json&, const Json*);
  Result<void> read_min_length(Way&, const Json&, const Json*);
  Result<void> read_max_length(Way&, const Json&, const Json*);
  Result<void> read_min_items(Way&, const Json&, const Json*);
  Result<void> read_max_items(Way&, const Json&, const Json*);
  Result<void> read_min_properties(Way&, const Json&, const Json*);
  Result<void> read_max_properties(Way&, const Json&, const Json*);
  Result<void> read_array_part(Way&, const Json&, const Json*);
  Result<void> read_contains(Way&, const Json&, const Json*);
  Result<void> read_unique(Way&, const Json&, const Json*);
  Result<void> read_object_part(Way&, const Json&, const Json*);
  Result<void> read_required(Way&, const Json&, const Json*);
  Result<void> read_property_names(Way&, const Json&, const Json*);
  Result<void> read_unevaluated(Way&, const Json&, const Json*);
  Result<void> refuse_keyword(Way&, const Json&, const Json*);

  Result<uint64_t> count(const Json& value, const Json* schema) const;
  Result<void> number(const Json& value, const Json* schema) const;

  SchemaSource& source_;
  Validator validator_;
  std::vector<Leaf> out_;
  size_t steps_ = 0, steps_max_ = 0;
  bool lossy_ = false;
  const Json* lossy_at_ = nullptr;
  std::map<std::pair<const Json*, const Json*>, bool> contradictions_;
  std::unordered_map<const Json*, Negated> negations_;
  int contradiction_depth_ = 0;
};

// What a schema's negation comes down to, as far as a grammar can say it: one of these holds.
// `complete` becomes false where something had to be left out.
std::vector<Conjunction> negation_of(SchemaSource&, const Json* schema, bool& complete);

}  // namespace mill::grammar
