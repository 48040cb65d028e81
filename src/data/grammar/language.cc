#include "data/grammar/language.h"

#include <algorithm>
#include <deque>
#include <optional>

namespace mill::grammar {
namespace {

constexpr uint32_t kBegin = kCodeMax + 1, kEnd = kCodeMax + 2;  // ⊢ and ⊣

CodeSet marks_and_codes() {
  CodeSet out = CodeSet::all();
  out.add({kBegin, kEnd});
  return out;
}

// States from which no accepting one can be reached, taken away; the start stays the first.
Automaton pruned(Automaton automaton) {
  const size_t count = automaton.states.size();
  std::vector<std::vector<uint32_t>> before(count);
  std::vector<bool> alive(count, false);
  std::vector<uint32_t> todo;
  for (uint32_t s = 0; s < count; ++s) {
    for (const auto& arc : automaton.states[s].arcs) before[arc.to].push_back(s);
    if (automaton.states[s].accepts) todo.push_back(s);
  }
  while (!todo.empty()) {
    const uint32_t s = todo.back();
    todo.pop_back();
    if (alive[s]) continue;
    alive[s] = true;
    todo.insert(todo.end(), before[s].begin(), before[s].end());
  }
  if (count == 0 || !alive[0]) return {};
  std::vector<uint32_t> number(count, 0);
  Automaton out;
  for (uint32_t s = 0; s < count; ++s) {
    if (!alive[s]) continue;
    number[s] = static_cast<uint32_t>(out.states.size());
    out.states.push_back(std::move(automaton.states[s]));
  }
  for (auto& state : out.states) {
    std::erase_if(state.arcs, [&](const auto& arc) { return !alive[arc.to]; });
    for (auto& arc : state.arcs) arc.to = number[arc.to];
  }
  return out;
}

}  // namespace

bool Automaton::accepts(std::u32string_view text) const {
  if (states.empty()) return false;
  uint32_t state = 0;
  for (const char32_t code : text) {
    const auto& arcs = states[state].arcs;
    const auto arc =
        std::ranges::find_if(arcs, [&](const Arc& it) { return it.codes.contains(code); });
    if (arc == arcs.end()) return false;
    state = arc->to;
  }
  return states[state].accepts;
}

Languages::Languages(Effort& effort) : effort_(effort) {
  keep({.kind = Kind::nothing});
  keep({.kind = Kind::empty, .nullable = true});
  const LanguageId any = codes(marks_and_codes());  // becomes 2 …
  nodes_.push_back(nodes_[any]);                    // … and makes room
  nodes_[kAll] = {.kind = Kind::repeat, .min = 0, .max = kForever, .parts = {3}, .nullable = true};
  ids_.clear();
  for (LanguageId id = 0; id < nodes_.size(); ++id) ids_.emplace(nodes_[id], id);
}

size_t Languages::Hash::operator()(const Node& node) const {
  uint64_t hash = (uint64_t{node.min} << 32 | node.max) + static_cast<uint64_t>(node.kind);
  for (const LanguageId part : node.parts) {
    hash = (hash ^ part) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 29;
  }
  return hash;
}

LanguageId Languages::keep(Node node) {
  effort_.spend(1 + node.parts.size());
  const auto [at, fresh] = ids_.try_emplace(node, static_cast<LanguageId>(nodes_.size()));
  if (fresh) nodes_.push_back(std::move(node));
  return at->second;
}

LanguageId Languages::codes(const CodeSet& set) {
  if (set.empty()) return kNothing;
  const auto [at, fresh] = set_ids_.try_emplace(set, static_cast<uint32_t>(sets_.size()));
  if (fresh) sets_.push_back(set);
  return keep({.kind = Kind::codes, .min = at->second});
}

LanguageId Languages::text(std::u32string_view text) {
  LanguageId out = kEmpty;
  for (size_t i = text.size(); i-- > 0;) out = sequence(codes(CodeSet::one(text[i])), out);
  return out;
}

// Normal form: nested to the right.
LanguageId Languages::sequence(LanguageId a, LanguageId b) {
  if (a == kNothing || b == kNothing) return kNothing;
  if (a == kEmpty) return b;
  if (b == kEmpty) return a;
  if (a == kAll && b == kAll) return kAll;
  if (nodes_[a].kind == Kind::sequence) {
    const std::vector<LanguageId> parts = nodes_[a].parts;
    return sequence(parts[0], sequence(parts[1], b));
  }
  const bool nullable = nodes_[a].nullable && nodes_[b].nullable;
  return keep({.kind = Kind::sequence, .parts = {a, b}, .nullable = nullable});
}

void Languages::collect(LanguageId id, Kind kind, std::vector<LanguageId>& into) const {
  if (nodes_[id].kind != kind) return into.push_back(id);
  into.insert(into.end(), nodes_[id].parts.begin(), nodes_[id].parts.end());
}

// Normal form: flat, sorted, each part once.
LanguageId Languages::either(std::vector<LanguageId> parts) {
  std::vector<LanguageId> flat;
  for (const LanguageId part : parts)
    if (part != kNothing) collect(part, Kind::either, flat);
  effort_.spend(2 * flat.size());
  std::ranges::sort(flat);
  flat.erase(std::ranges::unique(flat).begin(), flat.end());
  if (std::ranges::find(flat, kAll) != flat.end()) return kAll;
  if (flat.empty()) return kNothing;
  if (flat.size() == 1) return flat[0];
  const bool nullable = std::ranges::any_of(flat, [&](auto id) { return nodes_[id].nullable; });
  return keep({.kind = Kind::either, .parts = std::move(flat), .nullable = nullable});
}

LanguageId Languages::both(std::vector<LanguageId> parts) {
  std::vector<LanguageId> flat;
  for (const LanguageId part : parts)
    if (part != kAll) collect(part, Kind::both, flat);
  effort_.spend(2 * flat.size());
  std::ranges::sort(flat);
  flat.erase(std::ranges::unique(flat).begin(), flat.end());
  if (std::ranges::find(flat, kNothing) != flat.end()) return kNothing;
  if (flat.empty()) return kAll;
  if (flat.size() == 1) return flat[0];
  const bool nullable = std::ranges::all_of(flat, [&](auto id) { return nodes_[id].nullable; });
  return keep({.kind = Kind::both, .parts = std::move(flat), .nullable = nullable});
}

LanguageId Languages::except(LanguageId id) {
  if (id == kNothing) return kAll;
  if (id == kAll) return kNothing;
  if (nodes_[id].kind == Kind::except) return nodes_[id].parts[0];
  return keep({.kind = Kind::except, .parts = {id}, .nullable = !nodes_[id].nullable});
}

LanguageId Languages::repeat(LanguageId id, uint32_t min, uint32_t max) {
  if (max == 0 || id == kEmpty) return kEmpty;
  if (id == kNothing) return min == 0 ? kEmpty : kNothing;
  if (min == 1 && max == 1) return id;
  if (nodes_[id].nullable) min = 0;
  return keep({.kind = Kind::repeat, .min = min, .max = max, .parts = {id}, .nullable = min == 0});
}

LanguageId Languages::marked(LanguageId of_texts) {
  return sequence(codes(CodeSet{{kBegin, kBegin}}),
                  sequence(of_texts, codes(CodeSet{{kEnd, kEnd}})));
}

LanguageId Languages::search(const Pattern& of) {
  const LanguageId any = repeat(codes(CodeSet::all()), 0, kForever);
  const LanguageId behind = either({kEmpty, sequence(any, codes(CodeSet{{kEnd, kEnd}}))});
  const LanguageId before = either({kEmpty, sequence(codes(CodeSet{{kBegin, kBegin}}), any)});
  return both({sequence(before, pattern(of, behind)), marked(any)});
}

LanguageId Languages::whole(const Pattern& of) {
  const LanguageId any = repeat(codes(CodeSet::all()), 0, kForever);
  const LanguageId begin = codes(CodeSet{{kBegin, kBegin}}), end = codes(CodeSet{{kEnd, kEnd}});
  const LanguageId inner = pattern(of, either({kEmpty, end}));
  return both({either({inner, sequence(begin, inner)}), marked(any)});
}

// The pattern and what comes after it: a lookahead speaks about both.
LanguageId Languages::pattern(const Pattern& of, LanguageId after) {
  switch (of.kind) {
    case PatternKind::codes:
      return sequence(codes(of.codes), after);
    case PatternKind::begin:
      return sequence(codes(CodeSet{{kBegin, kBegin}}), after);
    case PatternKind::end:
      return sequence(codes(CodeSet{{kEnd, kEnd}}), after);
    case PatternKind::ahead:
      return both({pattern(*of.parts[0], kAll), after});
    case PatternKind::not_ahead:
      return both({except(pattern(*of.parts[0], kAll)), after});
    case PatternKind::repetition:
      return repetition(of, after);
    case PatternKind::choice: {
      std::vector<LanguageId> parts;
      for (const PatternPtr& part : of.parts) parts.push_back(pattern(*part, after));
      return either(std::move(parts));
    }
    case PatternKind::sequence:
      for (size_t i = of.parts.size(); i-- > 0;) after = pattern(*of.parts[i], after);
      return after;
  }
  return kNothing;
}

// Within a repetition a lookahead would see the turn it is in and no further: the parser of
// patterns refuses it there.
LanguageId Languages::repetition(const Pattern& of, LanguageId after) {
  return sequence(repeat(pattern(*of.parts[0], kEmpty), of.min, of.max), after);
}

LanguageId Languages::derive(LanguageId id, uint32_t code) {
  effort_.spend(1);
  const uint64_t key = uint64_t{id} << 32 | code;
  if (const auto found = derived_.find(key); found != derived_.end()) return found->second;
  if (nodes_.size() > limit_ || effort_.exhausted()) return kNothing;  // automaton() tells
  return derived_[key] = derive_new(nodes_[id], code);
}

LanguageId Languages::derive_new(const Node& node, uint32_t code) {
  std::vector<LanguageId> parts;
  switch (node.kind) {
    case Kind::nothing:
    case Kind::empty:
      return kNothing;
    case Kind::codes:
      return sets_[node.min].contains(code) ? kEmpty : kNothing;
    case Kind::except:
      return except(derive(node.parts[0], code));
    case Kind::either:
      for (const LanguageId part : node.parts) parts.push_back(derive(part, code));
      return either(std::move(parts));
    case Kind::both:
      for (const LanguageId part : node.parts) parts.push_back(derive(part, code));
      return both(std::move(parts));
    case Kind::sequence: {
      const LanguageId first = sequence(derive(node.parts[0], code), node.parts[1]);
      if (!nodes_[node.parts[0]].nullable) return first;
      return either({first, derive(node.parts[1], code)});
    }
    case Kind::repeat: {
      const uint32_t min = node.min == 0 ? 0 : node.min - 1;
      const uint32_t max = node.max == kForever ? kForever : node.max - 1;
      return sequence(derive(node.parts[0], code), repeat(node.parts[0], min, max));
    }
  }
  return kNothing;
}

// Characters that no set tells apart, as one set each.
std::vector<CodeSet> Languages::alphabet() const {
  std::vector<uint32_t> cuts = {0, 0xD800, 0xE000};
  for (const CodeSet& set : sets_)
    for (const CodeRange range : set.ranges()) cuts.insert(cuts.end(), {range.low, range.high + 1});
  std::ranges::sort(cuts);
  cuts.erase(std::ranges::unique(cuts).begin(), cuts.end());
  std::erase_if(cuts, [](uint32_t cut) { return cut > kCodeMax; });
  std::map<std::vector<bool>, CodeSet> by_members;
  for (size_t i = 0; i < cuts.size(); ++i) {
    const uint32_t high = i + 1 < cuts.size() ? cuts[i + 1] - 1 : kCodeMax;
    std::vector<bool> members;
    effort_.spend(sets_.size());
    for (const CodeSet& set : sets_) members.push_back(set.contains(cuts[i]));
    by_members[std::move(members)].add({cuts[i], high});
  }
  std::vector<CodeSet> out;
  for (auto& [members, set] : by_members)
    if (!set.empty()) out.push_back(std::move(set));
  return out;
}

Result<Automaton> Languages::automaton(LanguageId marked, AutomatonLimits limits) {
  limit_ = nodes_.size() + limits.expressions;
  const std::vector<CodeSet> letters = alphabet();
  std::unordered_map<LanguageId, uint32_t> numbers;
  std::vector<LanguageId> order;
  const auto number_of = [&](LanguageId id) {
    const auto [at, fresh] = numbers.try_emplace(id, static_cast<uint32_t>(order.size()));
    if (fresh) order.push_back(id);
    return at->second;
  };
  number_of(derive(marked, kBegin));
  Automaton out;
  const auto too_large = [&] {
    return nodes_.size() > limit_ || order.size() > limits.states ||
           derived_.size() > 4 * limits.expressions || effort_.exhausted();
  };
  for (size_t s = 0; s < order.size() && !too_large(); ++s) {
    const LanguageId id = order[s];
    std::map<uint32_t, CodeSet> arcs;
    effort_.spend(letters.size());
    for (const CodeSet& letter : letters) {
      const LanguageId to = derive(id, letter.ranges()[0].low);
      if (to != kNothing) arcs[number_of(to)].add(letter);
    }
    Automaton::State state{.arcs = {}, .accepts = nodes_[derive(id, kEnd)].nullable};
    for (auto& [to, set] : arcs) state.arcs.push_back({std::move(set), to});
    out.states.push_back(std::move(state));
  }
  TRY(effort_.check());
  if (too_large())
    return fail(ErrorKind::exhausted,
                "the pattern is too complex: it needs more than {} states or {} expressions",
                limits.states, limits.expressions);
  return pruned(std::move(out));
}

}  // namespace mill::grammar
