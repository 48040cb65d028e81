#include "data/grammar/regex.h"

#include <algorithm>

namespace mill::grammar {
namespace {

bool looks_at_places(const Pattern& pattern) {
  const PatternKind kind = pattern.kind;
  if (kind == PatternKind::begin || kind == PatternKind::end || kind == PatternKind::ahead ||
      kind == PatternKind::not_ahead)
    return true;
  return std::ranges::any_of(pattern.parts, [](const auto& it) { return looks_at_places(*it); });
}

// "^…$" around a whole pattern says what is so anyway.
void strip_ends(Pattern& pattern) {
  if (pattern.kind != PatternKind::sequence) return;
  auto& parts = pattern.parts;
  if (!parts.empty() && parts.front()->kind == PatternKind::begin) parts.erase(parts.begin());
  if (!parts.empty() && parts.back()->kind == PatternKind::end) parts.pop_back();
}

// Thompson's construction (1968), but for repetitions.
class Emitter {
 public:
  explicit Emitter(Builder& builder) : builder_(builder) {}

  void emit(NodeId from, const Pattern& pattern, NodeId to) {
    switch (pattern.kind) {
      case PatternKind::codes:
        return emit_codes(builder_, from, pattern.codes, to, Spelling::raw);
      case PatternKind::choice:
        for (const PatternPtr& part : pattern.parts) emit(from, *part, to);
        return;
      case PatternKind::repetition:
        return repeat(from, pattern, to);
      default:
        return sequence(from, pattern, to);
    }
  }

 private:
  void sequence(NodeId from, const Pattern& pattern, NodeId to) {
    for (size_t i = 0; i < pattern.parts.size(); ++i) {
      const NodeId next = i + 1 == pattern.parts.size() ? to : builder_.node();
      emit(from, *pattern.parts[i], next);
      from = next;
    }
    if (pattern.parts.empty()) builder_.skip(from, to);
  }

  void repeat(NodeId from, const Pattern& pattern, NodeId to) {
    const Pattern& part = *pattern.parts[0];
    const RuleId body = builder_.rule("a repetition");
    emit(builder_.start(body), part, builder_.end(body));
    builder_.repeat(from, {.body = body, .min = pattern.min, .max = pattern.max, .next = to});
  }

  Builder& builder_;
};

}  // namespace

Result<void> emit_pattern(Builder& builder, NodeId from, std::string_view pattern, NodeId to) {
  TRY_ASSIGN(const PatternPtr parsed, parse_pattern(pattern));
  strip_ends(*parsed);
  if (!looks_at_places(*parsed)) {
    Emitter(builder).emit(from, *parsed, to);
    return {};
  }
  Languages languages(builder.effort());
  TRY_ASSIGN(const Automaton automaton, languages.automaton(languages.whole(*parsed)));
  emit_automaton(builder, from, automaton, to, Spelling::raw);
  return {};
}

void emit_automaton(Builder& builder, NodeId from, const Automaton& automaton, NodeId to,
                    Spelling spelling) {
  std::vector<NodeId> nodes;
  for (size_t s = 0; s < automaton.states.size(); ++s) nodes.push_back(builder.node());
  for (size_t s = 0; s < automaton.states.size(); ++s) {
    const auto& state = automaton.states[s];
    for (const auto& arc : state.arcs)
      emit_codes(builder, nodes[s], arc.codes, nodes[arc.to], spelling);
    if (state.accepts) builder.skip(nodes[s], to);
  }
  if (!nodes.empty()) builder.skip(from, nodes[0]);
}

}  // namespace mill::grammar
