#include "data/grammar/json_schema.h"

#include <algorithm>

#include "data/grammar/schema_writer.h"

namespace mill::grammar {
namespace {

constexpr size_t kRulesMax = 200'000;

// Says the same as nothing at all.
bool says_nothing(const Atom& atom) {
  return !atom.negated &&
         (*atom.schema == true || (atom.schema->is_object() && atom.schema->empty()));
}

}  // namespace

Result<RuleId> emit_json_schema(Builder& builder, const Json& schema) {
  TRY_ASSIGN(SchemaIndex index, SchemaIndex::of(schema));
  SchemaSource source(std::move(index), builder.effort());
  return SchemaWriter(builder, source).run(schema);
}

Result<RuleId> emit_arguments(Builder& builder, const Json& schema, Notation notation) {
  TRY_ASSIGN(SchemaIndex index, SchemaIndex::of(schema));
  SchemaSource source(std::move(index), builder.effort());
  return SchemaWriter(builder, source, notation).run_arguments(schema);
}

SchemaWriter::SchemaWriter(Builder& builder, SchemaSource& source, Notation notation)
    : builder_(builder),
      source_(source),
      notation_(notation),
      expander_(source),
      validator_(source),
      patterns_(builder.effort()) {}

// Rules are written one after another, not within each other: schemas nest as deep as they like.
Result<RuleId> SchemaWriter::run(const Json& schema) {
  const RuleId root = rule_for({{&schema}});
  TRY(drain());
  return root;
}

Result<void> SchemaWriter::drain() {
  while (!pending_.empty()) {
    const auto [rule, conjunction] = std::move(pending_.back());
    pending_.pop_back();
    TRY(write(rule, conjunction));
    if (rules_.size() > kRulesMax || builder_.too_large())
      return fail(ErrorKind::exhausted, "the schema makes too large a grammar");
  }
  return {};
}

RuleId SchemaWriter::rule_for(Conjunction conjunction) {
  std::erase_if(conjunction, says_nothing);
  std::ranges::sort(conjunction);
  conjunction.erase(std::ranges::unique(conjunction).begin(), conjunction.end());
  const auto [at, fresh] = rules_.try_emplace(conjunction, 0);
  if (!fresh) return at->second;
  const std::string name =
      conjunction.empty() ? "any value" : source_.index.path_of(conjunction[0].schema);
  at->second = builder_.rule(name);
  pending_.emplace_back(at->second, conjunction);
  return at->second;
}

Result<void> SchemaWriter::write(RuleId rule, const Conjunction& conjunction) {
  TRY_ASSIGN(const std::vector<Leaf> leaves, expander_.leaves(conjunction));
  for (const Leaf& leaf : leaves) {
    const NodeId begin = builder_.node();
    builder_.skip(builder_.start(rule), begin);
    TRY(write_leaf(begin, leaf, builder_.end(rule)));
  }
  return {};
}

Result<void> SchemaWriter::write_leaf(NodeId from, const Leaf& leaf, NodeId to) {
  if (leaf.values) {
    std::vector<std::string> texts;
    for (const Json* value : *leaf.values)
      for (std::string& text : texts_of(*value)) texts.push_back(std::move(text));
    write_texts(from, std::move(texts), to);
    return {};
  }
  const auto excluded = [&](const Json& value) {
    return std::ranges::any_of(leaf.excluded,
                               [&](const Json* one) { return same_value(*one, value); });
  };
  const auto word = [&](uint8_t type, const Json& value) {
    if ((leaf.types & type) != 0 && !excluded(value))
      builder_.literal(from, texts_of(value)[0], to);
  };
  word(kNull, nullptr);
  word(kBoolean, true);
  word(kBoolean, false);
  if ((leaf.types & kNumber) != 0) TRY(write_number(from, leaf, to));
  if ((leaf.types & kString) != 0) TRY(write_string(from, leaf, to));
  if ((leaf.types & kArray) != 0) TRY(write_array(from, leaf, to));
  if ((leaf.types & kObject) != 0) TRY(write_object(from, leaf, {"{", ",", "}"}, to));
  return {};
}

std::vector<Spelling> SchemaWriter::quoted() const {
  if (notation_ == Notation::python) return {Spelling::json, Spelling::single};
  return {Spelling::json};
}

std::vector<std::string> SchemaWriter::texts_of(const Json& value) const {
  if (notation_ != Notation::python) return {json_text(value)};
  std::vector<std::string> texts = {python_text(value, '"'), python_text(value, '\'')};
  if (texts[0] == texts[1]) texts.pop_back();
  return texts;
}

// Texts with the same beginning share its nodes: a long enum costs no more than its letters.
void SchemaWriter::write_texts(NodeId from, std::vector<std::string> texts, NodeId to) {
  std::ranges::sort(texts);
  std::vector<NodeId> path = {from};  // the nodes of the text before
  std::string before;
  for (const std::string& text : texts) {
    const auto split = std::ranges::mismatch(text, before);
    const auto shared = static_cast<size_t>(split.in1 - text.begin());
    path.resize(shared + 1);
    for (size_t i = shared; i < text.size(); ++i) {
      const NodeId next = builder_.node();
      const auto byte = static_cast<uint8_t>(text[i]);
      builder_.bytes(path.back(), byte, byte, next);
      path.push_back(next);
    }
    builder_.skip(path.back(), to);
    before = text;
  }
}

// [ ], a line's end with its indentation, or nothing: bounded, so that no model can dwell on it.
RuleId SchemaWriter::blank_rule() {
  const auto [at, fresh] = shared_.try_emplace("white space", 0);
  if (!fresh) return at->second;
  const RuleId indent = builder_.rule("indentation");
  builder_.bytes(builder_.start(indent), ' ', ' ', builder_.end(indent));
  builder_.bytes(builder_.start(indent), '\t', '\t', builder_.end(indent));
  const RuleId blank = builder_.rule("white space");
  const NodeId line = builder_.node();
  builder_.skip(builder_.start(blank), builder_.end(blank));
  builder_.bytes(builder_.start(blank), ' ', ' ', builder_.end(blank));
  builder_.bytes(builder_.start(blank), '\n', '\n', line);
  builder_.repeat(line, {.body = indent, .min = 0, .max = 32, .next = builder_.end(blank)});
  return at->second = blank;
}

void SchemaWriter::punctuate(NodeId from, char mark, NodeId to) {
  const NodeId behind = builder_.node();
  builder_.bytes(from, static_cast<uint8_t>(mark), static_cast<uint8_t>(mark), behind);
  builder_.call(behind, blank_rule(), to);
}

}  // namespace mill::grammar
