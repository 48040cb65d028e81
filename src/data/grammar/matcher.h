#pragma once
// Reads a grammar byte by byte: all ways to read the text so far are followed at once, as a set of
// stacks. Stacks and sets are kept once each and numbered, so a state is a number, and a step that
// was taken before is a table look-up (a pushdown automaton, made deterministic as it is used).
//
// Works for any grammar without left recursion; a state in which too many ways are open at once
// (kWaysMax) is a dead one, and `overflowed` says so.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "data/grammar/grammar.h"

namespace mill::grammar {

using StateId = uint32_t;
inline constexpr StateId kDead = 0;
inline constexpr size_t kWaysMax = 20'000;

class Matcher {
 public:
  explicit Matcher(GrammarPtr grammar);

  StateId start() const { return start_; }
  StateId step(StateId from, uint8_t byte);  // kDead: no text of the grammar goes on like this

  bool accepts(StateId state) const { return states_[state].accepts; }
  bool ends_here(StateId state) const;  // accepts, and nothing can follow
  // Fewest bytes that complete the text; 0 where it is complete, kUnreachable if dead.
  uint32_t distance(StateId state) const { return states_[state].distance; }

  // The state that allows the same texts of up to `bytes` bytes, whatever they are, but has
  // forgotten how far a long repeat has come. So one answer serves all of "a{0,60000}".
  StateId canonical(StateId state, uint32_t bytes);

  bool overflowed() const { return overflowed_; }
  size_t memory_bytes() const;
  const Grammar& grammar() const { return *grammar_; }

 private:
  using StackId = uint32_t;  // 0: the bottom
  static constexpr uint32_t kRepeatBit = 0x8000'0000;

  // A node still to be left, or (with kRepeatBit) a repeat that has begun `count` turns.
  struct Frame {
    uint32_t at = 0;
    uint32_t count = 0;
    StackId below = 0;
    bool operator==(const Frame&) const = default;
  };
  struct FrameHash {
    size_t operator()(const Frame& frame) const;
  };
  struct SetHash {
    size_t operator()(const std::vector<StackId>& set) const;
  };
  struct State {
    const std::vector<StackId>* stacks = nullptr;  // sorted; the bottom first, if it accepts
    uint32_t distance = kUnreachable;
    uint32_t row = kUnreachable;  // of transitions_, once there is one
    bool accepts = false;
  };

  StackId push(Frame frame);
  StateId intern(std::vector<StackId> set);
  uint32_t measure(const Frame& frame) const;

  void open_closure();
  StateId close_closure();
  void reach(StackId stack);
  void expand(StackId stack);
  void follow(const Edge& edge, const Frame& frame);
  void expand_repeat(const Frame& frame);
  bool dominated(const Frame& frame, const Repeat& repeat);
  StateId compute(StateId from, uint8_t byte);
  uint32_t canonical_count(const Frame& frame, uint32_t bytes) const;
  StackId canonical_stack(StackId stack, uint32_t bytes);

  GrammarPtr grammar_;
  std::vector<Frame> frames_;        // by StackId
  std::vector<uint32_t> distances_;  // by StackId: fewest bytes that empty the stack
  std::vector<StackId> canonicals_;  // by StackId; 0 = not computed yet
  std::vector<uint32_t> reached_;    // by StackId: the last closure that has seen it
  std::unordered_map<Frame, StackId, FrameHash> stack_ids_;
  std::vector<State> states_;
  std::unordered_map<std::vector<StackId>, StateId, SetHash> state_ids_;
  std::vector<StateId> transitions_;  // rows of class_count
  size_t set_sizes_ = 0;
  StateId start_ = kDead;
  uint32_t canonical_bytes_ = 0;
  bool overflowed_ = false;

  // The closure that is being computed.
  uint32_t closure_ = 0;
  std::vector<StackId> todo_, found_;
  std::vector<Frame> turns_;  // repeats past their minimum that were expanded
};

}  // namespace mill::grammar
