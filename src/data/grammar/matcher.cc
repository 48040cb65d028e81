#include "data/grammar/matcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"

namespace mill::grammar {
namespace {

constexpr StateId kUnknown = UINT32_MAX;
constexpr size_t kTurnsMax = 64;  // further repeats are expanded though another one covers them

uint64_t mixed(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 29);
}

}  // namespace

Error too_ambiguous() {
  return {ErrorKind::unsupported,
          fmt::format("the grammar is too ambiguous, or the answer nested too deep: the ways to "
                      "read it that are open take more than {} steps to follow, or are nested "
                      "more than {} deep",
                      kWorkMax, kHeightMax)};
}

size_t Matcher::Hash::operator()(const Head& head) const {
  return mixed(mixed(1, head.at), head.count);
}

size_t Matcher::Hash::operator()(const Ways& ways) const {
  uint64_t hash = ways.size();
  for (const Way& way : ways)
    hash = mixed(mixed(mixed(hash, way.head.at), way.head.count), way.below);
  return hash;
}

Matcher::Matcher(GrammarPtr grammar) : grammar_(std::move(grammar)) {
  ASSERT(intern({}) == kDead);
  const SetId bottom = single(kBottom, kDead);
  open_closure();
  reach({grammar_->rules[grammar_->root].start, 0}, bottom);
  start_ = close_closure();
}

bool Matcher::accepts(StateId state) const {
  const Ways& ways = *sets_[state].ways;
  return !ways.empty() && ways.back().head == kBottom;
}

bool Matcher::ends_here(StateId state) const {
  return accepts(state) && sets_[state].ways->size() == 1;
}

size_t Matcher::memory_bytes() const {
  return sets_.size() * 128 + ways_ * sizeof(Way) + unions_.size() * 40 +
         transitions_.size() * sizeof(StateId);
}

// --- sets ---

Matcher::SetId Matcher::intern(Ways ways) {
  const auto id = static_cast<SetId>(sets_.size());
  const auto [at, fresh] = ids_.try_emplace(std::move(ways), id);
  if (!fresh) return at->second;
  Set set{.ways = &at->first};
  for (const Way& way : at->first) {
    const uint32_t below = way.head == kBottom ? 0 : sets_[way.below].distance;
    set.distance = std::min(set.distance, add_distance(measure(way.head), below));
    set.height = std::max(set.height, sets_[way.below].height + 1);
  }
  ways_ += at->first.size();
  sets_.push_back(set);
  return id;
}

uint32_t Matcher::measure(const Head& head) const {
  if (head == kBottom) return 0;
  if ((head.at & kRepeatBit) == 0) return grammar_->distances[head.at];
  const Repeat& repeat = grammar_->repeats[head.at & ~kRepeatBit];
  const uint32_t left = repeat.min > head.count ? repeat.min - head.count : 0;
  const uint32_t turns = left == 0 ? 0 : times_distance(grammar_->distance_of(repeat.body), left);
  return add_distance(turns, grammar_->distances[repeat.next]);
}

Matcher::SetId Matcher::unite(SetId a, SetId b) {
  if (a == b || b == kDead) return a;
  if (a == kDead) return b;
  if (a > b) std::swap(a, b);
  const uint64_t pair = (uint64_t{a} << 32) | b;
  if (const auto known = unions_.find(pair); known != unions_.end()) return known->second;
  Ways both;
  auto left = sets_[a].ways->begin(), right = sets_[b].ways->begin();
  const auto left_end = sets_[a].ways->end(), right_end = sets_[b].ways->end();
  while (left != left_end && right != right_end) {
    if (left->head == right->head) {
      both.push_back({left->head, unite(left->below, right->below)});
      ++left;
      ++right;
    } else {
      both.push_back(left->head < right->head ? *left++ : *right++);
    }
  }
  both.insert(both.end(), left, left_end);
  both.insert(both.end(), right, right_end);
  return unions_[pair] = intern(std::move(both));
}

// At once, without the unions of the first few.
Matcher::SetId Matcher::unite(const std::vector<SetId>& sets) {
  if (sets.size() == 1) return sets.front();
  if (sets.size() == 2) return unite(sets[0], sets[1]);
  Ways all;
  for (const SetId set : sets)
    all.insert(all.end(), sets_[set].ways->begin(), sets_[set].ways->end());
  std::ranges::sort(all, {}, &Way::head);
  Ways merged;
  for (const Way& way : all) {
    if (!merged.empty() && merged.back().head == way.head)
      merged.back().below = unite(merged.back().below, way.below);
    else
      merged.push_back(way);
  }
  return intern(std::move(merged));
}

// --- closures ---

// A closure follows everything that reads nothing, from some heads to those that read a byte.
void Matcher::open_closure() {
  places_.clear();
  reached_count_ = 0;
  todo_.clear();
  turns_.clear();
  complete_ = too_high_ = false;
}

StateId Matcher::close_closure() {
  size_t work = 0;
  for (size_t next = 0; next < todo_.size(); ++next) {
    Reached& here = reached_[todo_[next]];
    const SetId fresh = unite(here.fresh);
    here.fresh.clear();
    const SetId all = unite(here.below, fresh);
    if (all == here.below) continue;
    here.below = all;
    work += 1 + sets_[fresh].ways->size();
    if (work > kWorkMax || too_high_) {
      overflowed_ = true;
      return kDead;
    }
    expand(Head(here.head), fresh);
  }
  Ways found;
  for (size_t i = 0; i < reached_count_; ++i)
    if (reads(reached_[i].head)) found.push_back({reached_[i].head, reached_[i].below});
  std::ranges::sort(found, {}, &Way::head);
  if (complete_) found.push_back({kBottom, kDead});
  return intern(std::move(found));
}

void Matcher::reach(Head head, SetId below) {
  const auto [at, fresh] = places_.try_emplace(head, static_cast<uint32_t>(reached_count_));
  if (fresh) {
    if (reached_count_ == reached_.size()) reached_.emplace_back();
    reached_[reached_count_].head = head;
    reached_[reached_count_].below = kDead;
    reached_[reached_count_++].fresh.clear();
  }
  Reached& here = reached_[at->second];
  if (here.fresh.empty()) todo_.push_back(at->second);
  here.fresh.push_back(below);
}

bool Matcher::reads(const Head& head) const {
  if ((head.at & kRepeatBit) != 0) return false;
  return std::ranges::any_of(grammar_->edges_of(head.at),
                             [](const Edge& edge) { return edge.kind == EdgeKind::bytes; });
}

void Matcher::expand(const Head& head, SetId below) {
  if ((head.at & kRepeatBit) != 0) return expand_repeat(head, below);
  if (grammar_->ends[head.at]) {
    for (const Way& way : *sets_[below].ways) {
      if (way.head == kBottom)
        complete_ = true;
      else
        reach(way.head, way.below);
    }
    return;
  }
  for (const Edge& edge : grammar_->edges_of(head.at)) follow(edge, below);
}

void Matcher::follow(const Edge& edge, SetId below) {
  if (edge.kind == EdgeKind::bytes) return;
  if (edge.kind == EdgeKind::skip) return reach({edge.to, 0}, below);
  if (edge.kind == EdgeKind::repeat) return reach({edge.what | kRepeatBit, 0}, below);
  // A call from a place that only ends leaves no frame: right recursion takes no stack.
  const NodeId start = grammar_->rules[edge.what].start;
  if (grammar_->tails[edge.to]) return reach({start, 0}, below);
  push(start, {edge.to, 0}, below);
}

void Matcher::push(NodeId start, Head back, SetId below) {
  const SetId pushed = single(back, below);
  too_high_ = too_high_ || sets_[pushed].height > kHeightMax;
  reach({start, 0}, pushed);
}

// After `min` turns of an endless repeat there is nothing more to count; turns that may be empty
// need not be made.
void Matcher::expand_repeat(const Head& head, SetId below) {
  const Repeat& repeat = grammar_->repeats[head.at & ~kRepeatBit];
  const bool empty_turns = grammar_->distance_of(repeat.body) == 0;
  const uint32_t min = empty_turns ? 0 : repeat.min;
  if (head.count >= min) {
    if (dominated({head, below}, empty_turns)) return;
    reach({repeat.next, 0}, below);
  }
  if (head.count >= repeat.max) return;
  const bool counts = repeat.max != kForever || head.count < min;
  push(grammar_->rules[repeat.body].start, {head.at, head.count + (counts ? 1 : 0)}, below);
}

// Of two that may both end, the one with fewer turns behind it allows all that the other does. It
// also ends the circle of a body that reads nothing.
bool Matcher::dominated(const Way& turn, bool empty_turns) {
  for (const Way& other : turns_)
    if (other.head.at == turn.head.at && other.head.count <= turn.head.count &&
        unite(other.below, turn.below) == other.below)
      return true;
  if (empty_turns || turns_.size() < kTurnsMax) turns_.push_back(turn);
  return false;
}

// --- steps ---

StateId Matcher::step(StateId from, uint8_t byte) {
  if (from == kDead) return kDead;
  if (sets_[from].row == kUnreachable) {
    sets_[from].row = static_cast<uint32_t>(transitions_.size() / grammar_->class_count);
    transitions_.resize(transitions_.size() + grammar_->class_count, kUnknown);
  }
  const size_t cell = size_t{sets_[from].row} * grammar_->class_count + grammar_->classes[byte];
  if (transitions_[cell] == kUnknown) {
    const StateId to = compute(from, byte);
    transitions_[cell] = to;
  }
  return transitions_[cell];
}

StateId Matcher::compute(StateId from, uint8_t byte) {
  open_closure();
  for (const Way& way : *sets_[from].ways) {
    if (way.head == kBottom) continue;
    for (const Edge& edge : grammar_->edges_of(way.head.at)) {
      if (edge.kind != EdgeKind::bytes || byte < edge.low || byte > edge.high) continue;
      reach({edge.to, 0}, way.below);
    }
  }
  return close_closure();
}

StateId Matcher::canonical(StateId state, uint32_t bytes) {
  ASSERT(canonical_bytes_ == 0 || canonical_bytes_ == bytes, bytes);
  canonical_bytes_ = bytes;
  if (sets_[state].canonical != kUnreachable) return sets_[state].canonical;
  Ways ways = *sets_[state].ways;
  for (Way& way : ways) {
    way.head.count = canonical_count(way.head, bytes);
    way.below = canonical(way.below, bytes);
  }
  std::vector<SetId> parts;  // heads that are one now are united
  for (const Way& way : ways) parts.push_back(single(way.head, way.below));
  const SetId found = parts.empty() ? kDead : unite(parts);
  sets_[state].canonical = found;
  return found;
}

// A turn takes at least a byte, so that limits more than `bytes` turns away are out of sight.
uint32_t Matcher::canonical_count(const Head& head, uint32_t bytes) const {
  if (head == kBottom || (head.at & kRepeatBit) == 0) return 0;
  const Repeat& repeat = grammar_->repeats[head.at & ~kRepeatBit];
  if (head.count < repeat.min)
    return repeat.min - head.count > bytes ? repeat.min - bytes - 1 : head.count;
  return repeat.max == kForever || repeat.max - head.count > bytes ? repeat.min : head.count;
}

}  // namespace mill::grammar
