// The matcher against the slow way: on random grammars, every short text.

#include "data/grammar/matcher.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>
#include <set>

#include "data/grammar/spec.h"
#include "data/grammar/test_match.h"

namespace mill::grammar {
namespace {

constexpr size_t kLongest = 6;  // of the texts over "ab"

// reaches[node][i] = the places at which the node's rule can end, if the node stands before place
// i: grown until nothing is new, by what the edges say.
class Reference {
 public:
  Reference(const Grammar& grammar, std::string text)
      : grammar_(grammar),
        text_(std::move(text)),
        reaches_(grammar.ends.size(), std::vector<std::set<size_t>>(text_.size() + 1)) {
    for (bool grown = true; grown;) {
      grown = false;
      for (NodeId node = 0; node < reaches_.size(); ++node)
        for (size_t i = 0; i <= text_.size(); ++i) grown = grow(node, i) || grown;
    }
  }

  bool accepts() const {
    return reaches_[grammar_.rules[grammar_.root].start][0].contains(text_.size());
  }

 private:
  bool grow(NodeId node, size_t i) {
    std::set<size_t>& here = reaches_[node][i];
    const size_t before = here.size();
    if (grammar_.ends[node]) here.insert(i);
    for (const Edge& edge : grammar_.edges_of(node))
      for (const size_t next : past(edge, i))
        here.insert(reaches_[edge.to][next].begin(), reaches_[edge.to][next].end());
    return here.size() > before;
  }

  std::set<size_t> past(const Edge& edge, size_t i) const {
    switch (edge.kind) {
      case EdgeKind::bytes: {
        const bool fits = i < text_.size() && edge.low <= text_[i] && text_[i] <= edge.high;
        return fits ? std::set{i + 1} : std::set<size_t>{};
      }
      case EdgeKind::skip:
        return {i};
      case EdgeKind::call:
        return reaches_[grammar_.rules[edge.what].start][i];
      case EdgeKind::repeat:
        return past_repeat(grammar_.repeats[edge.what], i);
    }
    return {};
  }

  // More turns than there are bytes left, behind the least, lead nowhere new.
  std::set<size_t> past_repeat(const Repeat& repeat, size_t i) const {
    std::set<size_t> out, turn = {i};
    const size_t last = std::min<size_t>(repeat.max, repeat.min + text_.size() + 1);
    for (size_t t = 0; t <= last; ++t) {
      if (t >= repeat.min) out.insert(turn.begin(), turn.end());
      std::set<size_t> next;
      for (const size_t place : turn) {
        const auto& ends = reaches_[grammar_.rules[repeat.body].start][place];
        next.insert(ends.begin(), ends.end());
      }
      turn = std::move(next);
    }
    return out;
  }

  const Grammar& grammar_;
  std::string text_;
  std::vector<std::vector<std::set<size_t>>> reaches_;
};

// Three rules of a few edges each; most are ambiguous, and many contain themselves.
Result<GrammarPtr> random_grammar(std::mt19937& random) {
  Builder builder;
  std::vector<RuleId> rules;
  for (const char* name : {"a", "b", "c"}) rules.push_back(builder.rule(name));
  const auto any_rule = [&] { return rules[random() % rules.size()]; };
  for (const RuleId rule : rules) {
    std::vector<NodeId> nodes = {builder.start(rule)};
    for (auto more = random() % 3; more > 0; --more) nodes.push_back(builder.node());
    nodes.push_back(builder.end(rule));
    for (auto edges = 2 + random() % 5; edges > 0; --edges) {
      const NodeId from = nodes[random() % (nodes.size() - 1)];
      const NodeId to = nodes[1 + random() % (nodes.size() - 1)];
      const auto low = static_cast<uint8_t>('a' + random() % 2);
      const auto min = static_cast<uint32_t>(random() % 3);
      switch (random() % 6) {
        case 0:
          builder.skip(from, to);
          break;
        case 1:
          builder.call(from, any_rule(), to);
          break;
        case 2:
          builder.repeat(from, {.body = any_rule(),
                                .min = min,
                                .max = random() % 2 == 0 ? kForever : min + 1,
                                .next = to});
          break;
        default:
          builder.bytes(from, low, random() % 3 == 0 ? uint8_t{'b'} : low, to);
      }
    }
  }
  return std::move(builder).finish(rules[0]);
}

std::vector<std::string> all_texts() {
  std::vector<std::string> texts = {""};
  for (size_t i = 0; texts[i].size() < kLongest; ++i)
    for (const char* byte : {"a", "b"}) texts.push_back(texts[i] + byte);
  return texts;
}

// Fewest bytes by which the text becomes one that is accepted, as far as that is among them.
uint32_t distance_of(const std::string& text, const std::set<std::string>& accepted) {
  uint32_t least = kUnreachable;
  for (const std::string& one : accepted)
    if (one.starts_with(text))
      least = std::min(least, static_cast<uint32_t>(one.size() - text.size()));
  return least;
}

// Both states go on alike for the next three bytes.
void check_alike(Matcher& matcher, StateId state, StateId other) {
  for (const char* more : {"", "a", "b", "ab", "aba", "bbb"}) {
    StateId one = state, two = other;
    for (const char* byte = more; *byte != 0; ++byte) {
      one = matcher.step(one, static_cast<uint8_t>(*byte));
      two = matcher.step(two, static_cast<uint8_t>(*byte));
    }
    CHECK(matcher.accepts(one) == matcher.accepts(two));
    CHECK((one == kDead) == (two == kDead));
  }
}

void check_text(Matcher& matcher, const std::string& text, const std::set<std::string>& accepted) {
  CAPTURE(text);
  const StateId state = test::run(matcher, text);
  CHECK(matcher.accepts(state) == accepted.contains(text));
  const uint32_t distance = matcher.distance(state);
  const bool seen = text.size() + distance <= kLongest;
  CHECK(distance_of(text, accepted) == (seen ? distance : kUnreachable));
  if (text.size() + 3 <= kLongest) check_alike(matcher, state, matcher.canonical(state, 3));
}

}  // namespace

TEST_CASE("random grammars take what the slow way takes, from every state, and know the way home") {
  const std::vector<std::string> texts = all_texts();
  size_t grammars = 0, endless = 0;
  for (uint32_t seed = 0; seed < 1200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto grammar = random_grammar(random);
    if (!grammar) continue;  // no text in it, or left recursion
    ++grammars;
    std::set<std::string> accepted;
    for (const std::string& text : texts)
      if (Reference(**grammar, text).accepts()) accepted.insert(text);
    endless += accepted.size() > 20 ? 1 : 0;
    Matcher matcher(*grammar);
    for (const std::string& text : texts) check_text(matcher, text, accepted);
    CHECK_FALSE(matcher.overflowed());
  }
  CHECK(grammars > 200);
  CHECK(endless > 40);
}

TEST_CASE("ways that come together are one, however many they are") {
  std::string rules = "root ::= r0\n";
  for (int i = 0; i < 200; ++i)
    rules += fmt::format("r{0} ::= \"a\" r{1} \"b\" | \"a\" r{1} \"c\"\n", i, i + 1);
  const auto grammar = compile(ebnf(rules + "r200 ::= \"d\""));  // 2^200 stacks
  REQUIRE(grammar);
  std::string text(200, 'a');
  text += 'd';
  for (int i = 0; i < 200; ++i) text += i % 3 == 0 ? 'b' : 'c';
  CHECK(test::matches(*grammar, text));
  CHECK_FALSE(test::matches(*grammar, text + "b"));
  Matcher matcher(*grammar);
  test::run(matcher, text);
  CHECK(matcher.memory_bytes() < 1'000'000);
}

TEST_CASE("what is nested too deep is no way, and one that is less deep goes on") {
  const auto grammar = compile(ebnf("root ::= \"[\" root \"]\" | \"x\""));
  REQUIRE(grammar);
  Matcher matcher(*grammar);
  StateId state = matcher.start();
  size_t depth = 0;
  for (StateId next = matcher.step(state, '['); next != kDead; next = matcher.step(state, '[')) {
    state = next;
    ++depth;
  }
  CHECK(matcher.overflowed());
  CHECK(depth == kHeightMax - 2);  // the bottom, and the place in front of root
  state = matcher.step(state, 'x');
  for (size_t i = 0; i < depth; ++i) state = matcher.step(state, ']');
  CHECK(matcher.ends_here(state));
}

TEST_CASE("a grammar too ambiguous from its beginning on is refused") {
  std::string rules = "root ::= ";
  for (int i = 0; i < 150'000; ++i) rules += "\"a\" | ";
  const auto refused = compile(ebnf(rules + "\"b\""));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.contains("too ambiguous"));
}

}  // namespace mill::grammar
