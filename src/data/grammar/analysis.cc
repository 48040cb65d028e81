#include "data/grammar/analysis.h"

#include <queue>

namespace mill::grammar {
namespace {

// Knuth's generalisation of Dijkstra's algorithm (1977): the shortest text of every node, from the
// ends backwards. A call costs what its rule costs, known once the rule's start is settled.
class Distances {
 public:
  explicit Distances(Grammar& grammar) : grammar_(grammar) { index(); }

  void run() {
    for (const Rule& rule : grammar_.rules) relax(rule.end, 0);
    while (!queue_.empty()) {
      const auto [distance, node] = queue_.top();
      queue_.pop();
      if (settled_[node]) continue;
      settled_[node] = true;
      settle(node);
    }
  }

 private:
  using Entry = std::pair<uint32_t, NodeId>;

  void index() {
    const size_t nodes = grammar_.ends.size();
    grammar_.distances.assign(nodes, kUnreachable);
    settled_.assign(nodes, false);
    rule_at_.assign(nodes, kUnreachable);
    into_.assign(nodes + 1, {});
    for (RuleId r = 0; r < grammar_.rules.size(); ++r) rule_at_[grammar_.rules[r].start] = r;
    callers_.assign(grammar_.rules.size(), {});
    for (uint32_t e = 0; e < grammar_.edges.size(); ++e) {
      const Edge& edge = grammar_.edges[e];
      into_[edge.to].push_back(e);
      if (edge.kind == EdgeKind::call) callers_[edge.what].push_back(e);
      if (edge.kind == EdgeKind::repeat) callers_[grammar_.repeats[edge.what].body].push_back(e);
    }
  }

  void settle(NodeId node) {
    for (const uint32_t e : into_[node]) follow(grammar_.edges[e]);
    if (rule_at_[node] == kUnreachable) return;
    for (const uint32_t e : callers_[rule_at_[node]]) follow(grammar_.edges[e]);
  }

  // Both ends of what the edge costs must be known.
  void follow(const Edge& edge) {
    if (!settled_[edge.to]) return;
    const uint32_t cost = cost_of(edge);
    if (cost != kUnreachable) relax(edge.from, add_distance(cost, grammar_.distances[edge.to]));
  }

  uint32_t cost_of(const Edge& edge) const {
    if (edge.kind == EdgeKind::bytes) return 1;
    if (edge.kind == EdgeKind::skip) return 0;
    if (edge.kind == EdgeKind::call) return known(edge.what);
    const Repeat& repeat = grammar_.repeats[edge.what];
    return repeat.min == 0 ? 0 : times_distance(known(repeat.body), repeat.min);
  }

  uint32_t known(RuleId rule) const {
    return settled_[grammar_.rules[rule].start] ? grammar_.distance_of(rule) : kUnreachable;
  }

  void relax(NodeId node, uint32_t distance) {
    if (settled_[node] || distance >= grammar_.distances[node]) return;
    grammar_.distances[node] = distance;
    queue_.emplace(distance, node);
  }

  Grammar& grammar_;
  std::vector<std::vector<uint32_t>> into_;     // (nodes): edges
  std::vector<std::vector<uint32_t>> callers_;  // (rules): edges
  std::vector<RuleId> rule_at_;                 // (nodes): whose start it is
  std::vector<bool> settled_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
};

bool is_dead(const Grammar& grammar, const Edge& edge) {
  if (grammar.distances[edge.to] == kUnreachable) return true;
  if (edge.kind == EdgeKind::call) return grammar.distance_of(edge.what) == kUnreachable;
  if (edge.kind != EdgeKind::repeat) return false;
  const Repeat& repeat = grammar.repeats[edge.what];
  return repeat.min > 0 && grammar.distance_of(repeat.body) == kUnreachable;
}

// Which rules a rule may call before it has read a byte.
class FirstCalls {
 public:
  explicit FirstCalls(const Grammar& grammar)
      : grammar_(grammar), seen_(grammar.ends.size(), kUnreachable) {}

  std::vector<RuleId> of(RuleId rule) {
    found_.clear();
    visit(grammar_.rules[rule].start, rule);
    while (!todo_.empty()) {
      const NodeId node = todo_.back();
      todo_.pop_back();
      for (const Edge& edge : grammar_.edges_of(node)) follow(edge, rule);
    }
    return std::move(found_);
  }

 private:
  void visit(NodeId node, RuleId rule) {
    if (seen_[node] == rule) return;
    seen_[node] = rule;
    todo_.push_back(node);
  }

  void follow(const Edge& edge, RuleId rule) {
    if (edge.kind == EdgeKind::bytes) return;
    if (edge.kind == EdgeKind::skip) return visit(edge.to, rule);
    const bool repeats = edge.kind == EdgeKind::repeat;
    const RuleId called = repeats ? grammar_.repeats[edge.what].body : edge.what;
    found_.push_back(called);
    const bool empty = repeats && grammar_.repeats[edge.what].min == 0;
    if (empty || grammar_.distance_of(called) == 0) visit(edge.to, rule);
  }

  const Grammar& grammar_;
  std::vector<RuleId> seen_;  // (nodes): the last rule that came by
  std::vector<NodeId> todo_;
  std::vector<RuleId> found_;
};

}  // namespace

// A counting sort: edges keep their order at each node.
void index_edges(Grammar& grammar) {
  grammar.first.assign(grammar.ends.size() + 1, 0);
  for (const Edge& edge : grammar.edges) ++grammar.first[edge.from + 1];
  for (size_t n = 1; n < grammar.first.size(); ++n) grammar.first[n] += grammar.first[n - 1];
  std::vector<uint32_t> next(grammar.first.begin(), grammar.first.end() - 1);
  std::vector<Edge> sorted(grammar.edges.size());
  for (const Edge& edge : grammar.edges) sorted[next[edge.from]++] = edge;
  grammar.edges = std::move(sorted);
}

void measure_distances(Grammar& grammar) { Distances(grammar).run(); }

void drop_dead_ends(Grammar& grammar) {
  std::erase_if(grammar.edges, [&](const Edge& edge) { return is_dead(grammar, edge); });
  for (Repeat& repeat : grammar.repeats) {
    const uint32_t body = grammar.distance_of(repeat.body);
    if (body == kUnreachable) repeat.max = 0;
    if (body == 0) repeat.min = 0;  // turns that read nothing make up any number
  }
  index_edges(grammar);
}

// Edges mostly lead to later nodes, so one pass from the back finds nearly all; the rest merely
// cost a frame of the stack.
void mark_tails(Grammar& grammar) {
  grammar.tails = grammar.ends;
  for (size_t n = grammar.ends.size(); n-- > 0;) {
    const auto edges = grammar.edges_of(static_cast<NodeId>(n));
    if (edges.size() == 1 && edges[0].kind == EdgeKind::skip && grammar.tails[edges[0].to])
      grammar.tails[n] = true;
  }
}

void class_bytes(Grammar& grammar) {
  std::array<bool, 257> cuts{};
  for (const Edge& edge : grammar.edges) {
    if (edge.kind != EdgeKind::bytes) continue;
    cuts[edge.low] = true;
    cuts[size_t{edge.high} + 1] = true;
  }
  uint32_t current = 0;
  for (size_t byte = 0; byte < 256; ++byte) {
    if (byte > 0 && cuts[byte]) ++current;
    grammar.classes[byte] = static_cast<uint8_t>(current);
  }
  grammar.class_count = current + 1;
}

// A circle of first calls, by depth-first search with its own stack: rules nest as deep as they
// like.
Result<void> check_left_recursion(const Grammar& grammar) {
  enum class Mark : uint8_t { fresh, open, done };
  struct Visit {
    RuleId rule;
    std::vector<RuleId> calls;
    size_t next;
  };
  std::vector<Mark> marks(grammar.rules.size(), Mark::fresh);
  FirstCalls calls(grammar);
  for (RuleId root = 0; root < grammar.rules.size(); ++root) {
    if (marks[root] != Mark::fresh) continue;
    std::vector<Visit> trail = {{root, calls.of(root), 0}};
    marks[root] = Mark::open;
    while (!trail.empty()) {
      Visit& visit = trail.back();
      if (visit.next == visit.calls.size()) {
        marks[visit.rule] = Mark::done;
        trail.pop_back();
        continue;
      }
      const RuleId rule = visit.calls[visit.next++];
      if (marks[rule] == Mark::open)
        return fail(ErrorKind::unsupported,
                    "the rule '{}' begins with itself (left recursion); write it as a repetition",
                    grammar.rules[rule].name);
      if (marks[rule] == Mark::done) continue;
      marks[rule] = Mark::open;
      trail.push_back({rule, calls.of(rule), 0});
    }
  }
  return {};
}

}  // namespace mill::grammar
