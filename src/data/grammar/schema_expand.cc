#include "data/grammar/schema_expand.h"

#include <algorithm>
#include <utility>

namespace mill::grammar {
namespace {

constexpr size_t kLeavesMax = 2000;       // of a conjunction
constexpr size_t kStepsMax = 300'000;     // atoms read for it, and copied
constexpr size_t kProbeStepsMax = 5'000;  // to find a contradiction
constexpr size_t kStepWeight = 20;        // of one in the whole grammar's effort
constexpr int kProbeDepthMax = 3;
constexpr size_t kPairsMax = 20'000;  // pairs of a oneOf's alternatives

}  // namespace

Result<std::vector<Leaf>> Expander::leaves(const Conjunction& conjunction) {
  std::vector<Leaf> before = std::exchange(out_, {});
  const size_t steps_before = std::exchange(steps_, 0);
  const size_t max_before = steps_max_;
  if (contradiction_depth_ == 0) steps_max_ = kStepsMax;
  const bool lossy_before = std::exchange(lossy_, false);
  auto walked = walk({.leaf = {}, .todo = conjunction, .seen = {}, .choices = {}});
  std::vector<Leaf> found = std::exchange(out_, std::move(before));
  const bool lossy = std::exchange(lossy_, lossy_before);
  steps_ = steps_before;
  steps_max_ = max_before;
  if (!walked) return std::unexpected(walked.error());
  if (found.empty() && lossy && contradiction_depth_ == 0)
    return source_.index.refuse(lossy_at_, ErrorKind::unsupported,
                                "no grammar can tell what this excludes from the rest");
  return found;
}

Result<void> Expander::walk(Way way) {
  TRY(settle(way));
  if (way.dead) return {};
  if (way.choices.empty()) return finish(std::move(way));
  const auto smallest = std::ranges::min_element(way.choices, {}, &std::vector<Conjunction>::size);
  const std::vector<Conjunction> choice = std::move(*smallest);
  way.choices.erase(smallest);
  for (const Conjunction& one : choice) {
    const size_t copied = way.choices.size() + way.seen.size() / 4;
    steps_ += copied;
    source_.effort.spend(kStepWeight * copied);
    Way next = way;
    next.todo = one;
    TRY(walk(std::move(next)));
  }
  return {};
}

// Reads all that is to be read; what is to be chosen remains.
Result<void> Expander::settle(Way& way) {
  while (!way.todo.empty() && !way.dead) {
    const Atom atom = way.todo.back();
    way.todo.pop_back();
    if (!way.seen.insert(atom).second) continue;
    if (way.seen.contains({atom.schema, !atom.negated})) {
      way.dead = true;
      break;
    }
    source_.effort.spend(kStepWeight);
    TRY(source_.effort.check());
    if (++steps_ > steps_max_)
      return source_.index.refuse(atom.schema, ErrorKind::exhausted,
                                  "too many combinations of alternatives meet here");
    TRY(atom.negated ? negate(way, atom.schema) : apply(way, atom.schema));
    if (way.leaf.types == 0) way.dead = true;
  }
  return {};
}

// A leaf that allows only certain values is those of them that meet every condition on the way.
Result<void> Expander::finish(Way way) {
  if (way.leaf.values) {
    std::vector<const Json*> kept;
    for (const Json* value : *way.leaf.values) {
      bool meets = true;
      for (const Atom& atom : way.seen) {
        TRY_ASSIGN(const bool valid, validator_.valid(atom.schema, *value));
        if (!(meets = valid != atom.negated)) break;
      }
      if (meets) kept.push_back(value);
    }
    if (kept.empty()) return {};
    way.leaf.values = std::move(kept);
  } else {
    TRY_ASSIGN(const bool possible, can_be(way.leaf, kProbeDepthMax - contradiction_depth_));
    if (!possible) return {};
  }
  out_.push_back(std::move(way.leaf));
  if (out_.size() > kLeavesMax)
    return fail(ErrorKind::exhausted,
                "the schema's alternatives combine to more than {} shapes of one value",
                kLeavesMax);
  return {};
}

// Whether anything can be in the leaf, as far as that is seen without going deep. Takes no types
// away: a part that turns out impossible later is dropped from the grammar there.
Result<bool> Expander::can_be(const Leaf& leaf, int depth) {
  if (leaf.types != kObject) return true;
  if (leaf.properties.empty()) return false;
  for (const std::string& name : leaf.required) {
    Conjunction all;
    for (const Json* schema : leaf.objects) {
      const Json* properties = member(*schema, "properties");
      if (const Json* property = properties ? member(*properties, name.c_str()) : nullptr) {
        all.push_back({property});
      } else if (const Json* more = member(*schema, "additionalProperties");
                 more && *more == false && member(*schema, "patternProperties") == nullptr) {
        return false;
      }
    }
    if (all.empty()) continue;
    if (std::ranges::any_of(all, [](const Atom& it) { return *it.schema == false; })) return false;
    if (depth <= 0 || all.size() < 2) continue;
    ++contradiction_depth_;
    const auto found = leaves(all);
    --contradiction_depth_;
    if (found && found->empty()) return false;
  }
  return true;
}

// Whether no value can meet both; false where that was not found out quickly.
Result<bool> Expander::contradict(const Json* a, const Json* b) {
  const auto key = std::minmax(a, b);
  if (const auto known = contradictions_.find(key); known != contradictions_.end())
    return known->second;
  if (contradiction_depth_ >= kProbeDepthMax) return false;
  ++contradiction_depth_;
  const size_t before = std::exchange(steps_max_, kProbeStepsMax);
  const auto found = leaves({{a}, {b}});
  steps_max_ = before;
  --contradiction_depth_;
  const bool none = found && found->empty();
  contradictions_.emplace(key, none);
  return none;
}

Result<void> Expander::apply(Way& way, const Json* schema) {
  if (schema->is_boolean()) {
    if (!schema->get<bool>()) way.dead = true;
    return {};
  }
  if (!schema->is_object())
    return source_.index.refuse(schema, ErrorKind::invalid,
                                "a schema must be an object or true or false, not {}",
                                schema->type_name());
  for (const auto& [keyword, value] : schema->items()) {
    if (keyword.starts_with('\x01') && !source_.made(schema)) continue;
    const auto row =
        std::ranges::find_if(rows(), [&](const Row& it) { return keyword == it.keyword; });
    if (row != rows().end()) TRY((this->*row->handler)(way, value, schema));
    if (way.dead) return {};
  }
  return {};
}

Result<void> Expander::negate(Way& way, const Json* schema) {
  TRY_ASSIGN(const Negated* negated, negation(schema));
  if (!negated->complete) {
    lossy_ = true;
    lossy_at_ = schema;
  }
  add_choice(way, negated->any);
  return {};
}

// Each made once: what is made up anew each time would count as another schema.
Result<const Expander::Negated*> Expander::negation(const Json* schema) {
  if (const auto known = negations_.find(schema); known != negations_.end()) return &known->second;
  Negated out;
  out.any = negation_of(source_, schema, out.complete);
  if (schema->is_object())
    if (const Json* reference = member(*schema, "$ref"); reference && reference->is_string()) {
      TRY_ASSIGN(const Json* target,
                 source_.index.resolve(schema, reference->get_ref<const std::string&>()));
      out.any.push_back({{target, true}});
    }
  return &negations_.emplace(schema, std::move(out)).first->second;
}

void Expander::add_choice(Way& way, std::vector<Conjunction> choice) {
  if (choice.empty()) {
    way.dead = true;
  } else if (choice.size() == 1) {
    way.todo.insert(way.todo.end(), choice[0].begin(), choice[0].end());
  } else {
    way.choices.push_back(std::move(choice));
  }
}

Result<void> Expander::read_ref(Way& way, const Json& value, const Json* schema) {
  if (!value.is_string())
    return source_.index.refuse(schema, ErrorKind::invalid, "'$ref' must be a string");
  TRY_ASSIGN(const Json* target,
             source_.index.resolve(schema, value.get_ref<const std::string&>()));
  way.todo.push_back({target});
  return {};
}

Result<void> Expander::read_all_of(Way& way, const Json& value, const Json* schema) {
  if (!value.is_array())
    return source_.index.refuse(schema, ErrorKind::invalid, "'allOf' must be an array");
  for (const Json& one : value) way.todo.push_back({&one});
  return {};
}

Result<void> Expander::read_any_of(Way& way, const Json& value, const Json* schema) {
  if (!value.is_array())
    return source_.index.refuse(schema, ErrorKind::invalid, "'anyOf' must be an array");
  std::vector<Conjunction> choice;
  for (const Json& one : value) choice.push_back({{&one}});
  add_choice(way, std::move(choice));
  return {};
}

// Each alternative together with the negations of those that it might overlap with.
Result<void> Expander::read_one_of(Way& way, const Json& value, const Json* schema) {
  if (!value.is_array())
    return source_.index.refuse(schema, ErrorKind::invalid, "'oneOf' must be an array");
  if (value.size() * value.size() > kPairsMax)
    return source_.index.refuse(schema, ErrorKind::exhausted, "'oneOf' has {} alternatives",
                                value.size());
  std::vector<Conjunction> choice;
  for (const Json& one : value) {
    Conjunction alternative = {{&one}};
    for (const Json& other : value) {
      if (&one == &other) continue;
      TRY_ASSIGN(const bool apart, contradict(&one, &other));
      if (!apart) alternative.push_back({&other, true});
    }
    choice.push_back(std::move(alternative));
  }
  add_choice(way, std::move(choice));
  return {};
}

Result<void> Expander::read_not(Way& way, const Json& value, const Json*) {
  way.todo.push_back({&value, true});
  return {};
}

Result<void> Expander::read_numbered_not(Way& way, const Json& value, const Json*) {
  way.todo.push_back({source_.numbered[value.get<size_t>()], true});
  return {};
}

Result<void> Expander::read_if(Way& way, const Json& value, const Json* schema) {
  Conjunction holds = {{&value}}, fails = {{&value, true}};
  if (const Json* then = member(*schema, "then")) holds.push_back({then});
  if (const Json* otherwise = member(*schema, "else")) fails.push_back({otherwise});
  add_choice(way, {std::move(holds), std::move(fails)});
  return {};
}

// For each key: it is absent, or it is there and what it entails holds.
Result<void> Expander::read_dependencies(Way& way, const Json& value, const Json* schema) {
  if (!value.is_object())
    return source_.index.refuse(schema, ErrorKind::invalid, "dependencies must be an object");
  for (const auto& [key, entailed] : value.items()) {
    Json absent = {{"properties", Json::object({{key, false}})}};
    Json present = {{"type", "object"}, {"required", Json::array({key})}};
    Conjunction then = {{source_.make(std::move(present), schema)}};
    if (entailed.is_array())
      then.push_back({source_.make(Json::object({{"required", entailed}}), schema)});
    else
      then.push_back({&entailed});
    add_choice(way, {{{source_.make(std::move(absent), schema)}}, std::move(then)});
  }
  return {};
}

}  // namespace mill::grammar
