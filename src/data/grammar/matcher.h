#pragma once
// Reads a grammar byte by byte: all ways to read the text so far are followed at once, as a set of
// stacks. A set is kept as the smallest automaton that reads its stacks from the top (a
// graph-structured stack, Tomita 1985, whose nodes are made once each and numbered): ways that have
// come together at the top are followed as one, however many they are below it. A state is such a
// set, so a state is a number, and a step that was taken before is a table look-up.
//
//   after "[[" of  value = "[" value "]" | "[" value ")" | "x":
//
//   ▶ value's start ──▶ { "]", ")" } ──▶ { "]", ")" } ──▶ bottom        3 sets, 4 stacks
//
// Works for any grammar without left recursion. A state is dead, and `overflowed` says so, where
// the ways that are open at once take more than kWorkMax steps to follow, or are nested deeper than
// kHeightMax. Which states these are does not depend on what was read before.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "data/grammar/grammar.h"

namespace mill::grammar {

using StateId = uint32_t;
inline constexpr StateId kDead = 0;  // no way: the empty set
inline constexpr size_t kWorkMax = 200'000;
inline constexpr uint32_t kHeightMax = 10'000;  // frames; bounds recursion, too

Error too_ambiguous();  // what is told of an overflow

class Matcher {
 public:
  explicit Matcher(GrammarPtr grammar);

  StateId start() const { return start_; }
  StateId step(StateId from, uint8_t byte);  // kDead: no text of the grammar goes on like this

  bool accepts(StateId state) const;
  bool ends_here(StateId state) const;  // accepts, and nothing can follow
  // Fewest bytes that complete the text; 0 where it is complete, kUnreachable if dead.
  uint32_t distance(StateId state) const { return sets_[state].distance; }

  // The state that allows the same texts of up to `bytes` bytes, whatever they are, but has
  // forgotten how far a long repeat has come. So one answer serves all of "a{0,60000}".
  StateId canonical(StateId state, uint32_t bytes);

  bool overflowed() const { return overflowed_; }
  size_t memory_bytes() const;
  const Grammar& grammar() const { return *grammar_; }

 private:
  using SetId = StateId;

  // A node still to be left, or (with kRepeatBit) a repeat that has begun `count` turns.
  struct Head {
    uint32_t at = 0;
    uint32_t count = 0;
    auto operator<=>(const Head&) const = default;
  };
  static constexpr uint32_t kRepeatBit = 0x8000'0000;
  static constexpr Head kBottom{UINT32_MAX, 0};  // sorts last

  // The stacks with this on top.
  struct Way {
    Head head;
    SetId below = kDead;
    bool operator==(const Way&) const = default;
  };
  using Ways = std::vector<Way>;  // by head, each head once

  struct Set {
    const Ways* ways = nullptr;
    uint32_t distance = kUnreachable;
    uint32_t height = 0;             // of its highest stack
    uint32_t row = kUnreachable;     // of transitions_, once there is one
    SetId canonical = kUnreachable;  // once it is computed
  };

  // A head that a closure has reached: with which sets below, and which of them are new.
  struct Reached {
    Head head;
    SetId below = kDead;
    std::vector<SetId> fresh;
  };

  struct Hash {
    size_t operator()(const Ways& ways) const;
    size_t operator()(const Head& head) const;
  };

  SetId intern(Ways ways);
  SetId single(Head head, SetId below) { return intern({{head, below}}); }
  SetId unite(SetId a, SetId b);
  SetId unite(const std::vector<SetId>& sets);
  uint32_t measure(const Head& head) const;
  bool reads(const Head& head) const;  // a byte

  void open_closure();
  StateId close_closure();
  void reach(Head head, SetId below);
  void push(NodeId start, Head back, SetId below);
  void expand(const Head& head, SetId below);
  void follow(const Edge& edge, SetId below);
  void expand_repeat(const Head& head, SetId below);
  bool dominated(const Way& turn, bool empty_turns);
  StateId compute(StateId from, uint8_t byte);
  uint32_t canonical_count(const Head& head, uint32_t bytes) const;

  GrammarPtr grammar_;
  std::vector<Set> sets_;
  std::unordered_map<Ways, SetId, Hash> ids_;
  std::unordered_map<uint64_t, SetId> unions_;
  std::vector<StateId> transitions_;  // rows of class_count
  size_t ways_ = 0;                   // of all sets
  StateId start_ = kDead;
  uint32_t canonical_bytes_ = 0;
  bool overflowed_ = false;

  // The closure that is being computed.
  std::unordered_map<Head, uint32_t, Hash> places_;  // of heads, in reached_
  std::vector<Reached> reached_;
  size_t reached_count_ = 0;
  std::vector<uint32_t> todo_;  // places with something fresh, the first come first
  std::vector<Way> turns_;      // repeats past their minimum that were expanded
  bool complete_ = false, too_high_ = false;
};

}  // namespace mill::grammar
