#include <algorithm>
#include <set>

#include "data/grammar/regex.h"
#include "data/grammar/schema_writer.h"
#include "data/grammar/text.h"

namespace mill::grammar {
namespace {

constexpr size_t kMembersMax = 20'000;
constexpr size_t kPatternsMax = 6;  // 2^6 sets of names

const Json* object_member(const Json& schema, const char* name) {
  const Json* found = member(schema, name);
  return found != nullptr && found->is_object() ? found : nullptr;
}

// A name need not be as long as it may be.
LanguageId lengths(Languages& languages, CountRange range) {
  constexpr uint64_t kLongest = 256, kMost = 1 << 20;
  const auto min = static_cast<uint32_t>(std::min(range.min, kMost));
  const auto max = range.max == CountRange::kNone
                       ? kForever
                       : static_cast<uint32_t>(std::min(range.max, std::max(range.min, kLongest)));
  return languages.repeat(languages.codes(CodeSet::all()), min, max);
}

}  // namespace

// What the value behind a name must be: what each schema says about it by name, or by pattern, or
// (where it does neither) about all other names.
Result<Conjunction> SchemaWriter::value_of(const Leaf& leaf, const std::string& name) {
  Conjunction all;
  bool known = false;
  for (const Json* schema : leaf.objects) {
    const size_t before = all.size();
    const Json* properties = object_member(*schema, "properties");
    if (const Json* one = properties ? member(*properties, name.c_str()) : nullptr)
      all.push_back({one});
    if (const Json* patterns = object_member(*schema, "patternProperties")) {
      TRY_ASSIGN(const std::u32string codes, decoded(name));
      for (const auto& [pattern, one] : patterns->items()) {
        auto found = patterns_.search(pattern);
        if (!found)
          return source_.index.refuse(patterns, found.error().kind, "{}", found.error().message);
        if ((*found)->accepts(codes)) all.push_back({&one});
      }
    }
    known = known || all.size() > before;
    const Json* more = member(*schema, "additionalProperties");
    if (all.size() == before && more != nullptr) all.push_back({more});
  }
  static const Json kNever = false;
  if (leaf.closed != nullptr && !known) all.push_back({&kNever});
  return all;
}

Result<bool> SchemaWriter::name_allowed(const Leaf& leaf, const std::string& name) {
  for (const Said& said : leaf.names) {
    TRY_ASSIGN(const bool valid, validator_.valid(said.value, Json(name)));
    if (!valid) return false;
  }
  return true;
}

RuleId SchemaWriter::property_rule(const std::string& name, RuleId value) {
  const auto [at, fresh] = property_rules_.try_emplace({name, value}, 0);
  if (!fresh) return at->second;
  const RuleId rule = builder_.rule(name);
  const NodeId colon = builder_.node(), behind = builder_.node();
  for (const std::string& text : texts_of(Json(name)))
    builder_.literal(builder_.start(rule), text, colon);
  punctuate(colon, ':', behind);
  builder_.call(behind, value, builder_.end(rule));
  return at->second = rule;
}

// The named properties in the order in which the schemas name them, required ones that no schema
// describes last.
Result<std::vector<SchemaWriter::Member>> SchemaWriter::members_of(const Leaf& leaf,
                                                                   const Form& form) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Json* schema : leaf.objects)
    if (const Json* properties = object_member(*schema, "properties"))
      for (const auto& [name, unused] : properties->items())
        if (seen.insert(name).second) names.push_back(name);
  for (const std::string& name : leaf.required)
    if (seen.insert(name).second) names.push_back(name);
  if (names.size() > kMembersMax)
    return fail(ErrorKind::exhausted, "an object of {} properties", names.size());
  const std::set<std::string> required(leaf.required.begin(), leaf.required.end());
  std::vector<Member> members;
  for (const std::string& name : names) {
    TRY_ASSIGN(Conjunction value, value_of(leaf, name));
    TRY_ASSIGN(const bool allowed, name_allowed(leaf, name));
    static const Json kNever = false;
    if (!allowed) value.push_back({&kNever});
    Member member{.name = name, .required = required.contains(name)};
    if (form.arguments) {
      TRY_ASSIGN(const bool possible, spells(name, member.required));
      if (!possible) continue;
      TRY_ASSIGN(member.rule, argument_value(std::move(value), is_bare_argument(*root_, name)));
      member.rule = argument_rule(name, member.rule);
    } else {
      member.rule = property_rule(name, rule_for(std::move(value)));
    }
    members.push_back(std::move(member));
  }
  return members;
}

// The rest of a name that is none of the members', from anywhere: characters, and the quote.
RuleId SchemaWriter::free_name_rest(Spelling spelling) {
  const uint8_t quote = quote_of(spelling);
  const auto [at, fresh] = shared_.try_emplace(fmt::format("rest of a name{:c}", quote), 0);
  if (!fresh) return at->second;
  const RuleId rule = builder_.rule("a name");
  const NodeId start = builder_.start(rule);
  emit_codes(builder_, start, CodeSet::all(), start, spelling);
  builder_.bytes(start, quote, quote, builder_.end(rule));
  return at->second = rule;
}

// Names that are none of the members': a tree of these, with a way out of it at every character.
Result<RuleId> SchemaWriter::other_name_rule(const std::vector<Member>& members,
                                             Spelling spelling) {
  const RuleId rule = builder_.rule("another name");
  std::vector<std::u32string> names;
  for (const Member& it : members) {
    TRY_ASSIGN(std::u32string codes, decoded(it.name));
    names.push_back(std::move(codes));
  }
  std::ranges::sort(names);
  struct Branch {
    NodeId node;
    size_t first, last, depth;  // the names that begin like this
  };
  const uint8_t quote = quote_of(spelling);
  const NodeId open = builder_.node();
  builder_.bytes(builder_.start(rule), quote, quote, open);
  std::vector<Branch> todo = {{open, 0, names.size(), 0}};
  while (!todo.empty()) {
    const Branch at = todo.back();
    todo.pop_back();
    CodeSet taken;
    size_t i = at.first;
    const bool is_name = i < at.last && names[i].size() == at.depth;
    while (i < at.last && names[i].size() == at.depth) ++i;
    while (i < at.last) {
      const char32_t code = names[i][at.depth];
      size_t end = i;
      while (end < at.last && names[end][at.depth] == code) ++end;
      const NodeId next = builder_.node();
      emit_codes(builder_, at.node, CodeSet::one(code), next, spelling);
      taken.add(CodeSet::one(code));
      todo.push_back({next, i, end, at.depth + 1});
      i = end;
    }
    const NodeId out = builder_.node();
    emit_codes(builder_, at.node, taken.complement(), out, spelling);
    builder_.call(out, free_name_rest(spelling), builder_.end(rule));
    if (!is_name) builder_.bytes(at.node, quote, quote, builder_.end(rule));
  }
  return rule;
}

// Strings that are among the leaf's values.
Result<LanguageId> SchemaWriter::listed_language(Languages& languages, const Leaf& leaf) {
  std::vector<LanguageId> any;
  for (const Json* value : *leaf.values) {
    if (!value->is_string()) continue;
    TRY_ASSIGN(const std::u32string codes, decoded(value->get<std::string>()));
    any.push_back(languages.marked(languages.text(codes)));
  }
  return languages.either(std::move(any));
}

// What propertyNames allows, between marks.
Result<LanguageId> SchemaWriter::names_language(Languages& languages, const Leaf& leaf) {
  std::vector<LanguageId> all;
  for (const Said& said : leaf.names) {
    TRY_ASSIGN(const std::vector<Leaf> leaves, expander_.leaves({{said.value}}));
    std::vector<LanguageId> any;
    for (const Leaf& one : leaves) {
      if (!one.values && (one.types & kString) == 0) continue;
      TRY_ASSIGN(LanguageId language,
                 one.values ? listed_language(languages, one) : string_language(languages, one));
      if (!one.length.is_free())
        language = languages.both({language, languages.marked(lengths(languages, one.length))});
      any.push_back(language);
    }
    all.push_back(languages.either(std::move(any)));
  }
  return languages.both(std::move(all));
}

// Names in which these patterns are found and those are not, and which are no member's.
Result<Automaton> SchemaWriter::name_automaton(const Leaf& leaf, const std::vector<Member>& members,
                                               const NamePatterns& patterns) {
  Languages languages(builder_.effort());
  const LanguageId any = languages.repeat(languages.codes(CodeSet::all()), 0, kForever);
  TRY_ASSIGN(const LanguageId names, names_language(languages, leaf));
  std::vector<LanguageId> all = {languages.marked(any), names};
  std::vector<LanguageId> taken;
  for (const Member& it : members) {
    TRY_ASSIGN(const std::u32string codes, decoded(it.name));
    taken.push_back(languages.text(codes));
  }
  all.push_back(languages.except(languages.marked(languages.either(std::move(taken)))));
  for (const auto& [pattern, found] : patterns) {
    TRY_ASSIGN(const PatternPtr parsed, parse_pattern(pattern));
    const LanguageId language = languages.search(*parsed);
    all.push_back(found ? language : languages.except(language));
  }
  return languages.automaton(languages.both(std::move(all)));
}

// Patterns of names, each once.
std::vector<std::string> SchemaWriter::name_patterns(const Leaf& leaf) const {
  std::vector<std::string> patterns;
  for (const Json* schema : leaf.objects) {
    const Json* said = object_member(*schema, "patternProperties");
    if (said == nullptr) continue;
    for (const auto& [pattern, unused] : said->items())
      if (std::ranges::find(patterns, pattern) == patterns.end()) patterns.push_back(pattern);
  }
  return patterns;
}

// What the value must be behind a name in which just these patterns are found.
Conjunction SchemaWriter::value_under(const Leaf& leaf, const NamePatterns& found) const {
  static const Json kNever = false;
  Conjunction values;
  const bool any = std::ranges::any_of(found, [](const auto& it) { return it.second; });
  if (leaf.closed != nullptr && !any) values.push_back({&kNever});
  for (const Json* schema : leaf.objects) {
    bool matched = false;
    const Json* said = object_member(*schema, "patternProperties");
    for (const auto& [pattern, is_found] : found) {
      const Json* value = said && is_found ? member(*said, pattern.c_str()) : nullptr;
      if (value != nullptr) values.push_back({value});
      matched = matched || value != nullptr;
    }
    const Json* more = member(*schema, "additionalProperties");
    if (!matched && more != nullptr) values.push_back({more});
  }
  return values;
}

// Names that no schema names fall into classes by the patterns that they match; each class has its
// own values.
Result<std::vector<RuleId>> SchemaWriter::more_names_of(const Leaf& leaf,
                                                        const std::vector<Member>& members,
                                                        const Form& form) {
  const std::vector<std::string> patterns = name_patterns(leaf);
  const Json* at = leaf.objects.empty() ? nullptr : leaf.objects[0];
  if (patterns.size() > kPatternsMax)
    return source_.index.refuse(at, ErrorKind::unsupported,
                                "'patternProperties' of more than {} patterns", kPatternsMax);
  std::vector<RuleId> out;
  for (size_t set = 0; set < size_t{1} << patterns.size(); ++set) {
    NamePatterns found;
    for (size_t i = 0; i < patterns.size(); ++i)
      found.emplace_back(patterns[i], (set >> i & 1) != 0);
    Conjunction values = value_under(leaf, found);
    if (std::ranges::any_of(values, [](const Atom& it) { return *it.schema == false; })) continue;
    auto rule = form.arguments ? more_argument_rule(leaf, members, found, std::move(values))
                               : more_rule(leaf, members, found, std::move(values));
    if (!rule) return within(source_.index.path_of(at), rule.error());
    out.push_back(*rule);
  }
  return out;
}

Result<RuleId> SchemaWriter::more_rule(const Leaf& leaf, const std::vector<Member>& members,
                                       const NamePatterns& found, Conjunction values) {
  const RuleId rule = builder_.rule("another property");
  const NodeId colon = builder_.node(), behind = builder_.node();
  TRY(write_other_name(builder_.start(rule), leaf, members, found, colon));
  punctuate(colon, ':', behind);
  builder_.call(behind, rule_for(std::move(values)), builder_.end(rule));
  return rule;
}

Result<void> SchemaWriter::write_other_name(NodeId from, const Leaf& leaf,
                                            const std::vector<Member>& members,
                                            const NamePatterns& found, NodeId to) {
  if (found.empty() && leaf.names.empty()) {
    for (const Spelling spelling : quoted()) {
      TRY_ASSIGN(const RuleId name, other_name_rule(members, spelling));
      builder_.call(from, name, to);
    }
    return {};
  }
  TRY_ASSIGN(const Automaton automaton, name_automaton(leaf, members, found));
  for (const Spelling spelling : quoted()) {
    const NodeId open = builder_.node(), close = builder_.node();
    const uint8_t quote = quote_of(spelling);
    builder_.bytes(from, quote, quote, open);
    emit_automaton(builder_, open, automaton, close, spelling);
    builder_.bytes(close, quote, quote, to);
  }
  return {};
}

}  // namespace mill::grammar
