#pragma once
// For tests: languages as expressions, and a recogniser that tries everything. It shares nothing
// with data/grammar but the tables that it builds for it to be compared with.

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "data/grammar/grammar.h"

namespace mill::llm::reference {

inline constexpr std::string_view kAlphabet = "ab(";

struct Expression {
  enum class Kind : uint8_t { letters, sequence, choice, repeat, rule } kind = Kind::letters;
  std::string letters = {};
  std::vector<size_t> parts = {};  // indices of expressions; of rule: the rule
  uint32_t min = 0, max = 0;
};

// What is still to be read: expressions, the next one last. A repeat under way has its turns.
struct Pending {
  size_t expression = 0;
  uint32_t turns = 0;
  auto operator<=>(const Pending&) const = default;
};
using Way = std::vector<Pending>;
using Ways = std::set<Way>;

class Language {
 public:
  std::vector<Expression> expressions;
  std::vector<size_t> rules;  // expressions; the first is the start

  Result<grammar::GrammarPtr> grammar() const {
    grammar::Builder builder;
    std::vector<grammar::RuleId> ids;
    for (size_t r = 0; r < rules.size(); ++r) ids.push_back(builder.rule(std::to_string(r)));
    for (size_t r = 0; r < rules.size(); ++r)
      emit(builder, ids, rules[r], {builder.start(ids[r]), builder.end(ids[r])});
    return std::move(builder).finish(ids[0]);
  }

  Ways read(std::string_view text) const { return read_on({{{rules[0], 0}}}, text); }

  Ways read_on(Ways ways, std::string_view text) const {
    for (const char letter : text) {
      Ways next;
      for (const Way& way : ways) step(way, letter, next, 0);
      ways = std::move(next);
    }
    return ways;
  }

  bool accepts(const Ways& ways) const {
    for (const Way& way : ways)
      if (empties(way, 0)) return true;
    return false;
  }

  // Once all expressions are there: finds those that can come to an end, again and again.
  void complete() {
    ending_.assign(expressions.size(), false);
    for (size_t round = 0; round < expressions.size(); ++round)
      for (size_t i = 0; i < expressions.size(); ++i) ending_[i] = ends(expressions[i]);
  }

 private:
  static constexpr int kDepthMax = 60;

  struct Between {
    grammar::NodeId from, to;
  };

  void emit(grammar::Builder& builder, const std::vector<grammar::RuleId>& ids, size_t index,
            Between at) const {
    const Expression& it = expressions[index];
    switch (it.kind) {
      case Expression::Kind::letters:
        for (const char c : it.letters)
          builder.bytes(at.from, static_cast<uint8_t>(c), static_cast<uint8_t>(c), at.to);
        return;
      case Expression::Kind::sequence:
        for (size_t i = 0; i < it.parts.size(); ++i) {
          const auto next = builder.node();
          emit(builder, ids, it.parts[i], {at.from, next});
          at.from = next;
        }
        return builder.skip(at.from, at.to);
      case Expression::Kind::choice:
        for (const size_t part : it.parts) emit(builder, ids, part, at);
        return;
      case Expression::Kind::repeat: {
        const auto body = builder.rule("repeat");
        emit(builder, ids, it.parts[0], {builder.start(body), builder.end(body)});
        return builder.repeat(at.from, {.body = body, .min = it.min, .max = it.max, .next = at.to});
      }
      case Expression::Kind::rule:
        return builder.call(at.from, ids[it.parts[0]], at.to);
    }
  }

  // Whether all that is pending can come to an end: a rule that always calls itself cannot.
  bool productive(const Way& way) const {
    return std::ranges::all_of(way, [&](Pending it) { return ending_[it.expression]; });
  }

  bool ends(const Expression& it) const {
    const auto part_ends = [&](size_t part) { return ending_[part]; };
    switch (it.kind) {
      case Expression::Kind::letters:
        return true;
      case Expression::Kind::sequence:
        return std::ranges::all_of(it.parts, part_ends);
      case Expression::Kind::choice:
        return std::ranges::any_of(it.parts, part_ends);
      case Expression::Kind::repeat:
        return it.min == 0 || ending_[it.parts[0]];
      case Expression::Kind::rule:
        return ending_[rules[it.parts[0]]];
    }
    return false;
  }

  // All ways to read the letter from here.
  void step(Way way, char letter, Ways& into, int depth) const {
    if (way.empty() || depth > kDepthMax) return;
    const Pending top = way.back();
    way.pop_back();
    const Expression& it = expressions[top.expression];
    if (it.kind == Expression::Kind::letters) {
      if (it.letters.find(letter) != std::string::npos && productive(way))
        into.insert(std::move(way));
      return;
    }
    for (Way& next : expanded(it, top, way)) step(std::move(next), letter, into, depth + 1);
  }

  bool empties(Way way, int depth) const {
    if (way.empty()) return true;
    if (depth > kDepthMax) return false;
    const Pending top = way.back();
    way.pop_back();
    const Expression& it = expressions[top.expression];
    if (it.kind == Expression::Kind::letters) return false;
    for (Way& next : expanded(it, top, way))
      if (empties(std::move(next), depth + 1)) return true;
    return false;
  }

  std::vector<Way> expanded(const Expression& it, Pending top, const Way& rest) const {
    std::vector<Way> out(1, rest);
    switch (it.kind) {
      case Expression::Kind::letters:
        break;
      case Expression::Kind::sequence:
        for (size_t i = it.parts.size(); i-- > 0;) out[0].push_back({it.parts[i]});
        break;
      case Expression::Kind::choice:
        out.clear();
        for (const size_t part : it.parts) {
          out.push_back(rest);
          out.back().push_back({part});
        }
        break;
      case Expression::Kind::repeat:
        if (top.turns < it.min) out.clear();
        if (top.turns < it.max) {
          Way turn = rest;
          turn.push_back({top.expression, top.turns + 1});
          turn.push_back({it.parts[0]});
          out.push_back(std::move(turn));
        }
        break;
      case Expression::Kind::rule:
        out[0].push_back({rules[it.parts[0]]});
        break;
    }
    return out;
  }

  std::vector<bool> ending_;  // by expression
};

// A few rules that may call each other; repeats are short.
class RandomLanguage {
 public:
  explicit RandomLanguage(std::mt19937& random) : random_(random) {}

  Language make() {
    rules_ = 1 + below(3);
    for (size_t r = 0; r < rules_; ++r) {
      const size_t expression = random_expression(3);
      language_.rules.push_back(expression);
    }
    language_.complete();
    return std::move(language_);
  }

 private:
  uint32_t below(size_t count) { return static_cast<uint32_t>(random_() % count); }

  size_t add(Expression expression) {
    language_.expressions.push_back(std::move(expression));
    return language_.expressions.size() - 1;
  }

  size_t random_expression(int depth) {
    const uint32_t kind = depth == 0 ? 0 : below(6);
    if (kind == 1 || kind == 2) return several(Expression::Kind::sequence, depth);
    if (kind == 3) return several(Expression::Kind::choice, depth);
    if (kind == 4) {
      const uint32_t min = below(3), max = min + below(3);
      const size_t body = random_expression(depth - 1);
      return add({.kind = Expression::Kind::repeat, .parts = {body}, .min = min, .max = max});
    }
    if (kind == 5) {
      const size_t letter = add({.letters = std::string(1, kAlphabet[below(3)])});
      const size_t call = add({.kind = Expression::Kind::rule, .parts = {below(rules_)}});
      return add({.kind = Expression::Kind::sequence, .parts = {letter, call}});
    }
    std::string letters;
    for (const char c : kAlphabet)
      if (below(2) == 0) letters += c;
    return add({.letters = letters.empty() ? "a" : letters});
  }

  size_t several(Expression::Kind kind, int depth) {
    std::vector<size_t> parts;
    for (uint32_t n = 1 + below(3); n > 0; --n) parts.push_back(random_expression(depth - 1));
    return add({.kind = kind, .parts = std::move(parts)});
  }

  std::mt19937& random_;
  Language language_;
  size_t rules_ = 1;
};

inline Language random_language(std::mt19937& random) { return RandomLanguage(random).make(); }

}  // namespace mill::llm::reference
