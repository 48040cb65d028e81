#pragma once
// A language of byte strings, as a recursive transition network (Woods 1970): a context-free
// grammar whose rules are small automata. Every front end (regex, EBNF, JSON Schema) builds one;
// data/grammar/matcher.h walks it.
//
//   rule  value:  start ──'['──▶ ○ ──repeat(item, 0, 9)──▶ ○ ──']'──▶ end
//
// Edges: a range of bytes; a skip (nothing); a call of another rule; a repeat of a rule between
// min and max times, which costs one edge however large the counts are.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/grammar/effort.h"

namespace mill::grammar {

using NodeId = uint32_t;
using RuleId = uint32_t;

inline constexpr uint32_t kForever = UINT32_MAX;      // Repeat::max: no limit
inline constexpr uint32_t kUnreachable = UINT32_MAX;  // distance: no way to the end
inline constexpr size_t kEdgesMax = 4'000'000;        // about 100 MB while it is built

enum class EdgeKind : uint8_t { bytes, skip, call, repeat };

struct Edge {
  NodeId from = 0, to = 0;
  uint32_t what = 0;  // the rule of a call, the index of a repeat
  EdgeKind kind = EdgeKind::skip;
  uint8_t low = 0, high = 0;  // of bytes, both included
};

struct Repeat {
  RuleId body = 0;
  uint32_t min = 0, max = kForever;
  NodeId next = 0;  // where it goes on
};

struct Rule {
  std::string name;  // for messages
  NodeId start = 0, end = 0;
};

struct Grammar {
  std::vector<Rule> rules;
  RuleId root = 0;
  std::vector<Repeat> repeats;
  std::vector<Edge> edges;          // by `from`; those that lead nowhere are gone
  std::vector<uint32_t> first;      // (nodes + 1): the edges of node n are first[n] … first[n + 1]
  std::vector<uint32_t> distances;  // (nodes): fewest bytes from here to the rule's end
  std::vector<bool> ends;           // (nodes): the end of its rule
  std::vector<bool> tails;          // (nodes): nothing but its rule's end can follow
  std::array<uint8_t, 256> classes{};  // bytes that no edge tells apart have the same class
  uint32_t class_count = 1;
  std::string source = {};  // the Spec that it was compiled of (spec_json.h), for a receipt

  std::span<const Edge> edges_of(NodeId node) const {
    return std::span(edges).subspan(first[node], first[node + 1] - first[node]);
  }
  // Fewest bytes that one turn of the repeat's body takes.
  uint32_t distance_of(RuleId rule) const { return distances[rules[rule].start]; }

  size_t memory_bytes() const;
};

using GrammarPtr = std::shared_ptr<const Grammar>;

// Adds up to at most kUnreachable.
uint32_t add_distance(uint32_t a, uint32_t b);
uint32_t times_distance(uint32_t distance, uint32_t times);

class Builder {
 public:
  explicit Builder(uint64_t steps_max = Effort::kStepsMax) : effort_(steps_max) {}

  RuleId rule(std::string name);
  NodeId start(RuleId rule) const { return grammar_.rules[rule].start; }
  NodeId end(RuleId rule) const { return grammar_.rules[rule].end; }
  NodeId node();

  void bytes(NodeId from, uint8_t low, uint8_t high, NodeId to);
  void skip(NodeId from, NodeId to);
  void call(NodeId from, RuleId rule, NodeId to);
  void repeat(NodeId from, Repeat repeat);  // to repeat.next
  void literal(NodeId from, std::string_view text, NodeId to);

  // What the front ends' work is counted in; each edge is a step. Where it is exhausted they stop,
  // and finish() refuses.
  Effort& effort() { return effort_; }

  size_t edge_count() const { return grammar_.edges.size(); }
  bool too_large() const { return grammar_.edges.size() > kEdgesMax || effort_.exhausted(); }

  // Refused: a grammar without any text in it; a rule that calls itself before it has read
  // anything (left recursion), which would never come to an end; too many edges.
  Result<GrammarPtr> finish(RuleId root, std::string source = "") &&;

 private:
  void add(Edge);

  Grammar grammar_;
  Effort effort_;
};

}  // namespace mill::grammar
