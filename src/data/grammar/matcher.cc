#include "data/grammar/matcher.h"

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

size_t Matcher::FrameHash::operator()(const Frame& frame) const {
  return mixed(mixed(mixed(1, frame.at), frame.count), frame.below);
}

size_t Matcher::SetHash::operator()(const std::vector<StackId>& set) const {
  uint64_t hash = set.size();
  for (const StackId stack : set) hash = mixed(hash, stack);
  return hash;
}

Matcher::Matcher(GrammarPtr grammar) : grammar_(std::move(grammar)) {
  frames_.push_back({});  // the bottom
  distances_.push_back(0);
  canonicals_.push_back(0);
  reached_.push_back(0);
  ASSERT(intern({}) == kDead);
  open_closure();
  reach(push({.at = grammar_->rules[grammar_->root].start}));
  start_ = close_closure();
}

bool Matcher::ends_here(StateId state) const {
  return states_[state].accepts && states_[state].stacks->size() == 1;
}

size_t Matcher::memory_bytes() const {
  return frames_.size() * 96 + states_.size() * 96 + set_sizes_ * sizeof(StackId) +
         transitions_.size() * sizeof(StateId);
}

Matcher::StackId Matcher::push(Frame frame) {
  const auto [at, fresh] = stack_ids_.try_emplace(frame, static_cast<StackId>(frames_.size()));
  if (!fresh) return at->second;
  frames_.push_back(frame);
  distances_.push_back(add_distance(measure(frame), distances_[frame.below]));
  canonicals_.push_back(0);
  reached_.push_back(0);
  return at->second;
}

uint32_t Matcher::measure(const Frame& frame) const {
  if ((frame.at & kRepeatBit) == 0) return grammar_->distances[frame.at];
  const Repeat& repeat = grammar_->repeats[frame.at & ~kRepeatBit];
  const uint32_t left = repeat.min > frame.count ? repeat.min - frame.count : 0;
  const uint32_t turns = left == 0 ? 0 : times_distance(grammar_->distance_of(repeat.body), left);
  return add_distance(turns, grammar_->distances[repeat.next]);
}

StateId Matcher::intern(std::vector<StackId> set) {
  const auto id = static_cast<StateId>(states_.size());
  const auto [at, fresh] = state_ids_.try_emplace(std::move(set), id);
  if (!fresh) return at->second;
  State state{.stacks = &at->first};
  for (const StackId stack : at->first)
    state.distance = std::min(state.distance, distances_[stack]);
  state.accepts = !at->first.empty() && at->first.front() == 0;
  set_sizes_ += at->first.size();
  states_.push_back(state);
  return id;
}

// A closure follows everything that reads nothing, from some stacks to those that read a byte.
void Matcher::open_closure() {
  ++closure_;
  todo_.clear();
  found_.clear();
  turns_.clear();
}

StateId Matcher::close_closure() {
  for (size_t ways = 0; !todo_.empty(); ++ways) {
    if (ways > kWaysMax) {
      overflowed_ = true;
      return kDead;
    }
    const StackId stack = todo_.back();
    todo_.pop_back();
    expand(stack);
  }
  std::ranges::sort(found_);
  return intern(found_);
}

void Matcher::reach(StackId stack) {
  if (reached_[stack] == closure_) return;
  reached_[stack] = closure_;
  todo_.push_back(stack);
}

void Matcher::expand(StackId stack) {
  if (stack == 0) return found_.push_back(0);
  const Frame frame = frames_[stack];
  if ((frame.at & kRepeatBit) != 0) return expand_repeat(frame);
  if (grammar_->ends[frame.at]) return reach(frame.below);
  const auto edges = grammar_->edges_of(frame.at);
  if (std::ranges::any_of(edges, [](const Edge& e) { return e.kind == EdgeKind::bytes; }))
    found_.push_back(stack);
  for (const Edge& edge : edges) follow(edge, frame);
}

void Matcher::follow(const Edge& edge, const Frame& frame) {
  if (edge.kind == EdgeKind::bytes) return;
  if (edge.kind == EdgeKind::skip) return reach(push({.at = edge.to, .below = frame.below}));
  if (edge.kind == EdgeKind::repeat)
    return reach(push({.at = edge.what | kRepeatBit, .below = frame.below}));
  // A call from a place that only ends leaves no frame: right recursion takes no stack.
  const StackId back =
      grammar_->tails[edge.to] ? frame.below : push({.at = edge.to, .below = frame.below});
  reach(push({.at = grammar_->rules[edge.what].start, .below = back}));
}

// After `min` turns of an endless repeat there is nothing more to count.
void Matcher::expand_repeat(const Frame& frame) {
  const Repeat& repeat = grammar_->repeats[frame.at & ~kRepeatBit];
  if (frame.count >= repeat.min) {
    if (dominated(frame, repeat)) return;
    reach(push({.at = repeat.next, .below = frame.below}));
  }
  if (frame.count >= repeat.max) return;
  Frame turn = frame;
  if (repeat.max != kForever || frame.count < repeat.min) ++turn.count;
  const StackId below = push(turn);
  reach(push({.at = grammar_->rules[repeat.body].start, .below = below}));
}

// Of two that may both end, the one with fewer turns behind it allows all that the other does. It
// also ends the circle of a body that reads nothing.
bool Matcher::dominated(const Frame& frame, const Repeat& repeat) {
  for (const Frame& other : turns_)
    if (other.at == frame.at && other.below == frame.below && other.count <= frame.count)
      return true;
  const bool empty_turns = grammar_->distance_of(repeat.body) == 0;
  if (empty_turns || turns_.size() < kTurnsMax) turns_.push_back(frame);
  return false;
}

StateId Matcher::step(StateId from, uint8_t byte) {
  if (from == kDead) return kDead;
  if (states_[from].row == kUnreachable) {
    states_[from].row = static_cast<uint32_t>(transitions_.size() / grammar_->class_count);
    transitions_.resize(transitions_.size() + grammar_->class_count, kUnknown);
  }
  const size_t cell = size_t{states_[from].row} * grammar_->class_count + grammar_->classes[byte];
  if (transitions_[cell] == kUnknown) {
    const StateId to = compute(from, byte);
    transitions_[cell] = to;
  }
  return transitions_[cell];
}

StateId Matcher::compute(StateId from, uint8_t byte) {
  open_closure();
  for (const StackId stack : *states_[from].stacks) {
    if (stack == 0) continue;
    const Frame frame = frames_[stack];
    for (const Edge& edge : grammar_->edges_of(frame.at)) {
      if (edge.kind != EdgeKind::bytes || byte < edge.low || byte > edge.high) continue;
      reach(push({.at = edge.to, .below = frame.below}));
    }
  }
  return close_closure();
}

StateId Matcher::canonical(StateId state, uint32_t bytes) {
  ASSERT(canonical_bytes_ == 0 || canonical_bytes_ == bytes, bytes);
  canonical_bytes_ = bytes;
  std::vector<StackId> set;
  for (const StackId stack : *states_[state].stacks) set.push_back(canonical_stack(stack, bytes));
  std::ranges::sort(set);
  set.erase(std::ranges::unique(set).begin(), set.end());
  return intern(std::move(set));
}

// From the bottom up, as far as it is not known yet.
Matcher::StackId Matcher::canonical_stack(StackId stack, uint32_t bytes) {
  std::vector<StackId> path;
  for (StackId s = stack; s != 0 && canonicals_[s] == 0; s = frames_[s].below) path.push_back(s);
  for (; !path.empty(); path.pop_back()) {
    Frame frame = frames_[path.back()];
    frame.count = canonical_count(frame, bytes);
    frame.below = canonicals_[frame.below];
    const StackId found = push(frame);
    canonicals_[path.back()] = found;
  }
  return canonicals_[stack];
}

// A turn takes at least a byte, so that limits more than `bytes` turns away are out of sight.
uint32_t Matcher::canonical_count(const Frame& frame, uint32_t bytes) const {
  if ((frame.at & kRepeatBit) == 0) return 0;
  const Repeat& repeat = grammar_->repeats[frame.at & ~kRepeatBit];
  if (frame.count < repeat.min)
    return repeat.min - frame.count > bytes ? repeat.min - bytes - 1 : frame.count;
  return repeat.max == kForever || repeat.max - frame.count > bytes ? repeat.min : frame.count;
}

}  // namespace mill::grammar
