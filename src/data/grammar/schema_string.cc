#include <algorithm>
#include <deque>
#include <map>

#include "data/grammar/formats.h"
#include "data/grammar/regex.h"
#include "data/grammar/schema_writer.h"
#include "data/grammar/text.h"

namespace mill::grammar {
namespace {

// A string under a pattern counts its characters beside the automaton's states, so that a generous
// maxLength is taken down to what these afford.
constexpr uint64_t kCountedMax = 256, kCountedStatesMax = 30'000;

uint32_t as_count(uint64_t count) {
  return count >= kForever ? kForever : static_cast<uint32_t>(count);
}

}  // namespace

// One character of a string. In JSON in all its spellings: itself, a short escape, or a u and four
// digits, of which those beyond the first plane take two. Half a pair is no character. In Python in
// one.
RuleId SchemaWriter::character_rule(Spelling spelling) {
  const auto [at, fresh] =
      shared_.try_emplace(spelling == Spelling::json ? "character" : "'character'", 0);
  if (!fresh) return at->second;
  const RuleId rule = builder_.rule("a character");
  const NodeId start = builder_.start(rule), end = builder_.end(rule);
  if (notation_ == Notation::python) {
    emit_codes(builder_, start, CodeSet::all(), end, spelling);
    return at->second = rule;
  }
  emit_codes(builder_, start, CodeSet{{0x20, '!'}, {'#', '['}, {']', kCodeMax}}, end,
             Spelling::raw);
  const NodeId escape = builder_.node(), low_pair = builder_.node();
  builder_.bytes(start, '\\', '\\', escape);
  for (const char c : {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'})
    builder_.bytes(escape, static_cast<uint8_t>(c), static_cast<uint8_t>(c), end);
  const auto hex = [&](NodeId from, std::initializer_list<std::string_view> digits, NodeId to) {
    for (const std::string_view& set : digits) {
      const NodeId next = &set == digits.end() - 1 ? to : builder_.node();
      for (const char c : set)
        builder_.bytes(from, static_cast<uint8_t>(c), static_cast<uint8_t>(c), next);
      from = next;
    }
  };
  constexpr std::string_view kAny = "0123456789abcdefABCDEF";
  const NodeId u = builder_.node();
  builder_.bytes(escape, 'u', 'u', u);
  hex(u, {"0123456789abcefABCEF", kAny, kAny, kAny}, end);
  hex(u, {"dD", "01234567", kAny, kAny}, end);
  hex(u, {"dD", "89abAB", kAny, kAny}, low_pair);
  const NodeId low = builder_.node();
  builder_.literal(low_pair, "\\u", low);
  hex(low, {"dD", "cdefCDEF", kAny, kAny}, end);
  return at->second = rule;
}

RuleId SchemaWriter::any_string_rule() {
  const auto [at, fresh] = shared_.try_emplace("string", 0);
  if (!fresh) return at->second;
  const RuleId rule = builder_.rule("a string");
  for (const Spelling spelling : quoted()) {
    const NodeId first = builder_.node(), last = builder_.node();
    const uint8_t quote = quote_of(spelling);
    builder_.bytes(builder_.start(rule), quote, quote, first);
    builder_.repeat(first, {.body = character_rule(spelling), .next = last});
    builder_.bytes(last, quote, quote, builder_.end(rule));
  }
  return at->second = rule;
}

Result<void> SchemaWriter::write_string(NodeId from, const Leaf& leaf, NodeId to) {
  const bool excludes =
      std::ranges::any_of(leaf.excluded, [](const Json* value) { return value->is_string(); });
  if (leaf.patterns.empty() && leaf.formats.empty() && !excludes) {
    if (leaf.length.is_free()) {
      builder_.call(from, any_string_rule(), to);
      return {};
    }
    if (leaf.length.min >= kForever) return {};
    for (const Spelling spelling : quoted()) {
      const NodeId first = builder_.node(), last = builder_.node();
      const uint8_t quote = quote_of(spelling);
      builder_.bytes(from, quote, quote, first);
      builder_.repeat(first, {.body = character_rule(spelling),
                              .min = as_count(leaf.length.min),
                              .max = as_count(leaf.length.max),
                              .next = last});
      builder_.bytes(last, quote, quote, to);
    }
    return {};
  }
  Languages languages(builder_.effort());
  TRY_ASSIGN(const LanguageId language, string_language(languages, leaf));
  const auto automaton = languages.automaton(language);
  if (!automaton) {
    const auto& said = leaf.patterns.empty() ? leaf.formats : leaf.patterns;
    return within(source_.index.path_of(said.empty() ? nullptr : said[0].schema),
                  automaton.error());
  }
  for (const Spelling spelling : quoted()) {
    const NodeId first = builder_.node(), last = builder_.node();
    const uint8_t quote = quote_of(spelling);
    builder_.bytes(from, quote, quote, first);
    write_counted(first, *automaton, {leaf.length, kCountedMax, spelling}, last);
    builder_.bytes(last, quote, quote, to);
  }
  return {};
}

// The texts of the automaton that are as long as that: its states, each with the length so far.
void SchemaWriter::write_counted(NodeId from, const Automaton& automaton, Counted counted,
                                 NodeId to) {
  const CountRange length = counted.length;
  if (length.is_free()) return emit_automaton(builder_, from, automaton, to, counted.spelling);
  if (automaton.states.empty() || length.min > kCountedStatesMax) return;
  const uint64_t room = std::min(counted.most, kCountedStatesMax / automaton.states.size());
  const bool endless = length.max == CountRange::kNone;
  const uint64_t last = endless ? length.min : std::min(length.max, std::max(length.min, room));
  std::map<std::pair<uint32_t, uint64_t>, NodeId> nodes;
  std::deque<std::pair<uint32_t, uint64_t>> todo;
  const auto node_of = [&](uint32_t state, uint64_t count) {
    const auto [at, fresh] = nodes.try_emplace({state, count}, 0);
    if (!fresh) return at->second;
    todo.emplace_back(state, count);
    return at->second = builder_.node();
  };
  builder_.skip(from, node_of(0, 0));
  for (; !todo.empty() && !builder_.too_large(); todo.pop_front()) {
    const auto [state, count] = todo.front();
    const NodeId node = nodes.at({state, count});
    if (automaton.states[state].accepts && count >= length.min) builder_.skip(node, to);
    if (count == last && !endless) continue;
    for (const auto& arc : automaton.states[state].arcs)
      emit_codes(builder_, node, arc.codes, node_of(arc.to, std::min(count + 1, last)),
                 counted.spelling);
  }
}

// The strings that are all that the leaf says at once, but for their length.
Result<LanguageId> SchemaWriter::string_language(Languages& languages, const Leaf& leaf) {
  const LanguageId any = languages.repeat(languages.codes(CodeSet::all()), 0, kForever);
  std::vector<LanguageId> all = {languages.marked(any)};
  const auto add = [&](const Said& said, const std::string& pattern) -> Result<void> {
    auto parsed = parse_pattern(pattern);
    if (!parsed)
      return source_.index.refuse(said.schema, parsed.error().kind, "'pattern': {}",
                                  parsed.error().message);
    const LanguageId found = languages.search(**parsed);
    all.push_back(said.negated ? languages.except(found) : found);
    return {};
  };
  for (const Said& said : leaf.patterns) TRY(add(said, said.value->get<std::string>()));
  for (const Said& said : leaf.formats)
    TRY(add(said, format_pattern(said.value->get<std::string>())));
  for (const Json* value : leaf.excluded) {
    if (!value->is_string()) continue;
    TRY_ASSIGN(const std::u32string codes, decoded(value->get<std::string>()));
    all.push_back(languages.except(languages.marked(languages.text(codes))));
  }
  return languages.both(std::move(all));
}

}  // namespace mill::grammar
