#include <algorithm>

#include "data/grammar/formats.h"
#include "data/grammar/regex.h"
#include "data/grammar/schema_writer.h"
#include "data/grammar/text.h"

namespace mill::grammar {
namespace {

// A string under a pattern counts its characters in the automaton's states, so that a generous
// maxLength is taken down to what those afford.
constexpr uint64_t kCountedMax = 256;

uint32_t as_count(uint64_t count) {
  return count >= kForever ? kForever : static_cast<uint32_t>(count);
}

}  // namespace

// One character of a string, in all its spellings: itself, a short escape, or \uXXXX, of which
// those beyond the first plane take two. Half a pair is no character.
RuleId SchemaWriter::character_rule() {
  const auto [at, fresh] = shared_.try_emplace("character", 0);
  if (!fresh) return at->second;
  const RuleId rule = builder_.rule("a character");
  const NodeId start = builder_.start(rule), end = builder_.end(rule);
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
  const NodeId first = builder_.node(), last = builder_.node();
  builder_.bytes(builder_.start(rule), '"', '"', first);
  builder_.repeat(first, {.body = character_rule(), .next = last});
  builder_.bytes(last, '"', '"', builder_.end(rule));
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
    const NodeId first = builder_.node(), last = builder_.node();
    builder_.bytes(from, '"', '"', first);
    builder_.repeat(first, {.body = character_rule(),
                            .min = as_count(leaf.length.min),
                            .max = as_count(leaf.length.max),
                            .next = last});
    builder_.bytes(last, '"', '"', to);
    return {};
  }
  Languages languages;
  TRY_ASSIGN(const LanguageId language, string_language(languages, leaf));
  const auto automaton = languages.automaton(language);
  if (!automaton) {
    const auto& said = leaf.patterns.empty() ? leaf.formats : leaf.patterns;
    return within(source_.index.path_of(said.empty() ? nullptr : said[0].schema),
                  automaton.error());
  }
  const NodeId first = builder_.node(), last = builder_.node();
  builder_.bytes(from, '"', '"', first);
  emit_automaton(builder_, first, *automaton, last, Spelling::json);
  builder_.bytes(last, '"', '"', to);
  return {};
}

// The strings that are all that the leaf says at once.
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
  if (!leaf.length.is_free()) {
    const uint64_t room = std::max(leaf.length.min, kCountedMax);
    const auto min = as_count(leaf.length.min);
    const auto max =
        leaf.length.max == CountRange::kNone ? kForever : as_count(std::min(leaf.length.max, room));
    all.push_back(languages.marked(languages.repeat(languages.codes(CodeSet::all()), min, max)));
  }
  return languages.both(std::move(all));
}

}  // namespace mill::grammar
