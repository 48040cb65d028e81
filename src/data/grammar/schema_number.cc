#include <algorithm>
#include <deque>
#include <map>
#include <numeric>

#include "data/grammar/decimal.h"
#include "data/grammar/regex.h"
#include "data/grammar/schema_writer.h"

namespace mill::grammar {
namespace {

// Validators read numbers as doubles: digits are few enough that rounding never carries a number
// over a limit (15 are exact), or to infinity.
constexpr const char* kFreeInteger = "0|-?[1-9][0-9]{0,17}";
constexpr const char* kFreeNumber =
    "-?(?:0|[1-9][0-9]{0,15})(?:\\.[0-9]{1,16})?(?:[eE][+-]?[0-9]{1,2})?";
constexpr const char* kPlainNumber = "-?(?:0|[1-9][0-9]{0,17})(?:\\.[0-9]{1,16})?";
constexpr const char* kExactNumber = "-?(?:0|[1-9][0-9]{0,8})(?:\\.[0-9]{1,6})?|-?[1-9][0-9]{9,14}";

constexpr uint64_t kStatesMax = 300'000;  // of an automaton times the remainders of multipleOf
constexpr uint64_t kMultipleMax = 1'000'000'000'000;

// digits / 10^scale
struct Scaled {
  uint64_t digits = 0;
  uint64_t scale = 0;
};

bool scale(const Decimal& decimal, Scaled& out) {
  const std::string all = decimal.whole + decimal.fraction;
  if (decimal.negative || decimal.is_zero() || all.size() > 18) return false;
  out = {std::stoull(all), decimal.fraction.size()};
  return out.digits < kMultipleMax;
}

}  // namespace

Result<void> SchemaWriter::write_number(NodeId from, const Leaf& leaf, NodeId to) {
  const bool excludes =
      std::ranges::any_of(leaf.excluded, [](const Json* value) { return value->is_number(); });
  const bool limited = !leaf.least.empty() || !leaf.most.empty() || !leaf.multiples.empty();
  const bool whole = (leaf.types & kFraction) == 0;
  if (!excludes && !limited && (leaf.types & kInteger) != 0) {
    const char* pattern = whole ? kFreeInteger : kFreeNumber;
    const auto [at, fresh] = shared_.try_emplace(pattern, 0);
    if (fresh) {
      at->second = builder_.rule("a number");
      TRY(emit_pattern(builder_, builder_.start(at->second), pattern, builder_.end(at->second)));
    }
    builder_.call(from, at->second, to);
    return {};
  }
  Languages languages(builder_.effort());
  std::vector<LanguageId> all;
  const auto add = [&](const std::string& pattern, bool negated) -> Result<void> {
    if (pattern.empty()) {
      all.push_back(Languages::kNothing);
      return {};
    }
    TRY_ASSIGN(const PatternPtr parsed, parse_pattern(pattern));
    const LanguageId language = languages.whole(*parsed);
    all.push_back(negated ? languages.except(language) : language);
    return {};
  };
  bool exact = false;
  for (const Limit& it : leaf.least) exact = exact || it.exclusive;
  for (const Limit& it : leaf.most) exact = exact || it.exclusive;
  TRY(add(exact ? kExactNumber : kPlainNumber, false));
  if (whole) TRY(add(kFreeInteger, false));
  if ((leaf.types & kInteger) == 0) TRY(add("-?[0-9]+(?:\\.0+)?", true));
  for (const Limit& it : leaf.least)
    TRY(add(at_least_pattern(decimal_of(*it.value), it.exclusive), false));
  for (const Limit& it : leaf.most)
    TRY(add(at_most_pattern(decimal_of(*it.value), it.exclusive), false));
  for (const Json* value : leaf.excluded)
    if (value->is_number()) TRY(add(exactly_pattern(decimal_of(*value)), true));
  TRY_ASSIGN(const Automaton automaton, languages.automaton(languages.both(std::move(all))));
  if (leaf.multiples.empty()) {
    emit_automaton(builder_, from, automaton, to, Spelling::raw);
    return {};
  }
  for (size_t i = 1; i < leaf.multiples.size(); ++i)
    if (*leaf.multiples[i].value != *leaf.multiples[0].value)
      return source_.index.refuse(leaf.multiples[i].schema, ErrorKind::unsupported,
                                  "two different 'multipleOf' meet here");
  return write_multiples(from, automaton, leaf.multiples[0], to);
}

// The automaton, and beside it the remainder of the digits so far: with s digits behind the point,
// x = N / 10^s is a multiple of m / 10^s where N is one of m.
Result<void> SchemaWriter::write_multiples(NodeId from, const Automaton& automaton,
                                           const Said& multiple, NodeId to) {
  Scaled unit;
  if (!scale(decimal_of(*multiple.value), unit))
    return source_.index.refuse(multiple.schema, ErrorKind::unsupported,
                                "'multipleOf' must be above 0 and of at most 12 digits");
  if (automaton.states.size() * unit.digits * (unit.scale + 2) > kStatesMax)
    return source_.index.refuse(multiple.schema, ErrorKind::exhausted,
                                "this 'multipleOf' takes too many states");
  struct Spot {
    uint32_t state;
    uint64_t remainder;
    uint64_t places;  // 0 before the point, else 1 + digits behind it
    auto operator<=>(const Spot&) const = default;
  };
  std::map<Spot, NodeId> nodes;
  std::deque<Spot> todo;
  const auto node_of = [&](Spot spot) {
    const auto [at, fresh] = nodes.try_emplace(spot, 0);
    if (fresh) {
      at->second = builder_.node();
      todo.push_back(spot);
    }
    return at->second;
  };
  if (automaton.states.empty()) return {};
  builder_.skip(from, node_of({0, 0, 0}));
  for (; !todo.empty(); todo.pop_front()) {
    const Spot spot = todo.front();
    const NodeId node = nodes.at(spot);
    uint64_t rest = spot.remainder;
    for (uint64_t i = spot.places == 0 ? 0 : spot.places - 1; i < unit.scale; ++i)
      rest = rest * 10 % unit.digits;
    if (automaton.states[spot.state].accepts && rest == 0) builder_.skip(node, to);
    for (const auto& arc : automaton.states[spot.state].arcs) {
      for (const char c : std::string_view("-.0123456789")) {
        if (!arc.codes.contains(static_cast<uint32_t>(c))) continue;
        Spot next{arc.to, spot.remainder, spot.places};
        if (c == '.') next.places = 1;
        if (c >= '0')
          next.remainder = (spot.remainder * 10 + static_cast<uint64_t>(c - '0')) % unit.digits;
        if (c >= '0' && spot.places > 0) ++next.places;
        if (next.places > unit.scale + 1 || (c == '.' && unit.scale == 0)) continue;
        builder_.bytes(node, static_cast<uint8_t>(c), static_cast<uint8_t>(c), node_of(next));
      }
    }
  }
  return {};
}

}  // namespace mill::grammar
