#include "data/grammar/grammar.h"

#include <algorithm>

#include "data/grammar/analysis.h"

namespace mill::grammar {

uint32_t add_distance(uint32_t a, uint32_t b) {
  return static_cast<uint32_t>(std::min<uint64_t>(uint64_t{a} + b, kUnreachable));
}

uint32_t times_distance(uint32_t distance, uint32_t times) {
  return static_cast<uint32_t>(std::min<uint64_t>(uint64_t{distance} * times, kUnreachable));
}

size_t Grammar::memory_bytes() const {
  size_t bytes = sizeof(Grammar) + repeats.size() * sizeof(Repeat) + edges.size() * sizeof(Edge) +
                 (first.size() + distances.size()) * sizeof(uint32_t) + ends.size() / 4 +
                 source.capacity();
  for (const Rule& rule : rules) bytes += sizeof(Rule) + rule.name.capacity();
  return bytes;
}

NodeId Builder::node() {
  grammar_.ends.push_back(false);
  return static_cast<NodeId>(grammar_.ends.size() - 1);
}

RuleId Builder::rule(std::string name) {
  Rule rule{.name = std::move(name), .start = node(), .end = node()};
  grammar_.ends[rule.end] = true;
  grammar_.rules.push_back(std::move(rule));
  return static_cast<RuleId>(grammar_.rules.size() - 1);
}

// What is too large is dropped here and refused by finish(): a front end need not ask each time.
void Builder::add(Edge edge) {
  effort_.spend(1);
  if (!too_large()) grammar_.edges.push_back(edge);
}

void Builder::bytes(NodeId from, uint8_t low, uint8_t high, NodeId to) {
  add({.from = from, .to = to, .kind = EdgeKind::bytes, .low = low, .high = high});
}

void Builder::skip(NodeId from, NodeId to) { add({.from = from, .to = to}); }

void Builder::call(NodeId from, RuleId rule, NodeId to) {
  add({.from = from, .to = to, .what = rule, .kind = EdgeKind::call});
}

void Builder::repeat(NodeId from, Repeat repeat) {
  const auto index = static_cast<uint32_t>(grammar_.repeats.size());
  if (!too_large()) grammar_.repeats.push_back(repeat);
  add({.from = from, .to = repeat.next, .what = index, .kind = EdgeKind::repeat});
}

void Builder::literal(NodeId from, std::string_view text, NodeId to) {
  for (size_t i = 0; i < text.size() && !too_large(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const NodeId next = i + 1 == text.size() ? to : node();
    bytes(from, byte, byte, next);
    from = next;
  }
  if (text.empty()) skip(from, to);
}

Result<GrammarPtr> Builder::finish(RuleId root, std::string source) && {
  TRY(effort_.check());
  if (too_large())
    return fail(ErrorKind::exhausted, "the grammar is too large: it has more than {} edges",
                kEdgesMax);
  grammar_.root = root;
  index_edges(grammar_);
  measure_distances(grammar_);
  if (grammar_.distance_of(root) == kUnreachable)
    return fail(ErrorKind::invalid, "the grammar allows no text at all: its rules contradict");
  drop_dead_ends(grammar_);
  mark_tails(grammar_);
  class_bytes(grammar_);
  TRY(check_left_recursion(grammar_));
  grammar_.source = std::move(source);
  return std::make_shared<const Grammar>(std::move(grammar_));
}

}  // namespace mill::grammar
