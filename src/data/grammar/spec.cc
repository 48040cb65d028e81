#include "data/grammar/spec.h"

#include <map>
#include <utility>

#include "data/grammar/ebnf.h"
#include "data/grammar/json_schema.h"
#include "data/grammar/matcher.h"
#include "data/grammar/regex.h"
#include "data/grammar/spec_json.h"
#include "data/grammar/text.h"

namespace mill::grammar {
namespace {

constexpr int kDepthMax = 32;

class Compiler {
 public:
  explicit Compiler(uint64_t steps_max) : builder_(steps_max) {}

  Result<GrammarPtr> run(const Spec& spec) {
    const RuleId root = builder_.rule("the whole");
    TRY(emit(builder_.start(root), spec, builder_.end(root)));
    return std::move(builder_).finish(root, spec_json(spec));
  }

 private:
  Result<void> emit(NodeId from, const Spec& spec, NodeId to) {
    if (++depth_ > kDepthMax) return fail(ErrorKind::exhausted, "specs are nested too deep");
    auto done = emit_kind(from, spec, to);
    --depth_;
    return done;
  }

  Result<void> emit_kind(NodeId from, const Spec& spec, NodeId to) {
    switch (spec.kind) {
      case SpecKind::literal:
        return literal(from, spec.text, to);
      case SpecKind::json_schema:
        return called(from, emit_json_schema(builder_, spec.schema), to);
      case SpecKind::arguments:
        return called(from, emit_arguments(builder_, spec.schema, spec.notation), to);
      case SpecKind::regex:
        return emit_pattern(builder_, from, spec.text, to);
      case SpecKind::ebnf:
        return called(from, emit_ebnf(builder_, spec.text), to);
      case SpecKind::until:
        return until(from, spec, to);
      case SpecKind::sequence:
        return sequence(from, spec, to);
      case SpecKind::choice:
        return choice(from, spec, to);
      case SpecKind::repeated:
        return repeated(from, spec, to);
      case SpecKind::shared:
        return shared(from, *spec.one, to);
    }
    return {};
  }

  Result<void> literal(NodeId from, std::string_view text, NodeId to) {
    TRY(decoded(text));
    builder_.literal(from, text, to);
    return {};
  }

  Result<void> called(NodeId from, Result<RuleId> rule, NodeId to) {
    TRY_ASSIGN(const RuleId of, std::move(rule));
    builder_.call(from, of, to);
    return {};
  }

  Result<void> shared(NodeId from, const Spec& part, NodeId to) {
    const auto [at, fresh] = shared_.try_emplace(&part, 0);
    const RuleId rule = fresh ? builder_.rule("a shared part") : at->second;
    at->second = rule;
    if (fresh) TRY(emit(builder_.start(rule), part, builder_.end(rule)));
    builder_.call(from, rule, to);
    return {};
  }

  // What is a character to Languages is a byte here.
  Result<void> until(NodeId from, const Spec& spec, NodeId to) {
    Languages languages(builder_.effort());
    std::vector<LanguageId> found;
    const LanguageId any = languages.repeat(languages.codes({{0, 0xFF}}), 0, kForever);
    for (const std::string& stop : spec.stops) {
      if (stop.empty()) return fail(ErrorKind::invalid, "a text to stop before is empty");
      std::u32string bytes;
      for (const char c : stop) bytes += static_cast<uint8_t>(c);
      const LanguageId behind = languages.sequence(languages.text(bytes), any);
      found.push_back(languages.marked(languages.sequence(any, behind)));
    }
    if (!spec.text.empty()) {
      TRY_ASSIGN(const PatternPtr pattern, parse_pattern(spec.text));
      found.push_back(languages.search(*pattern));
    }
    const LanguageId free =
        languages.both({languages.marked(any), languages.except(languages.either(found))});
    TRY_ASSIGN(const Automaton automaton, languages.automaton(free));
    emit_automaton(builder_, from, automaton, to, Spelling::bytes);
    return {};
  }

  Result<void> sequence(NodeId from, const Spec& spec, NodeId to) {
    for (const Spec& part : spec.parts) {
      const NodeId next = builder_.node();
      TRY(emit(from, part, next));
      from = next;
    }
    builder_.skip(from, to);
    return {};
  }

  // Each alternative has its own way in: an automaton's loop must not be shared.
  Result<void> choice(NodeId from, const Spec& spec, NodeId to) {
    if (spec.parts.empty()) return fail(ErrorKind::invalid, "there is nothing to choose from");
    for (const Spec& part : spec.parts) {
      const NodeId begin = builder_.node();
      builder_.skip(from, begin);
      TRY(emit(begin, part, to));
    }
    return {};
  }

  Result<void> repeated(NodeId from, const Spec& spec, NodeId to) {
    if (spec.parts.size() != 1 || spec.min > spec.max)
      return fail(ErrorKind::invalid, "a repetition of {} parts, {} to {} times", spec.parts.size(),
                  spec.min, spec.max);
    const RuleId body = builder_.rule("a repetition");
    TRY(emit(builder_.start(body), spec.parts[0], builder_.end(body)));
    builder_.repeat(from, {.body = body, .min = spec.min, .max = spec.max, .next = to});
    return {};
  }

  Builder builder_;
  std::map<const Spec*, RuleId> shared_;
  int depth_ = 0;
};

Spec of_parts(SpecKind kind, std::vector<Spec> parts) {
  return {.kind = kind, .parts = std::move(parts)};
}

}  // namespace

// A length in front of each text, so that no two specs run into each other.
std::string Spec::key() const {
  std::string out = fmt::format("{}:{}:{}:", static_cast<int>(kind), text.size(), text);
  if (kind == SpecKind::json_schema || kind == SpecKind::arguments)
    out += schema.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (const std::string& stop : stops) out += fmt::format("{}:{}", stop.size(), stop);
  out += fmt::format("{},{},{},{}(", static_cast<int>(notation), min, max, parts.size());
  for (const Spec& part : parts) out += part.key();
  if (one != nullptr) out += one->key();
  return out + ")";
}

Spec literal(std::string text) { return {.kind = SpecKind::literal, .text = std::move(text)}; }
Spec json_schema(Json schema) {
  Spec out{.kind = SpecKind::json_schema};
  out.schema = std::move(schema);  // braces would make an array of it
  return out;
}
Spec json_object() { return json_schema(Json::object({{"type", "object"}})); }
Spec arguments(Json schema, Notation notation) {
  Spec out{.kind = SpecKind::arguments, .notation = notation};
  out.schema = std::move(schema);
  return out;
}
Spec regex(std::string pattern) { return {.kind = SpecKind::regex, .text = std::move(pattern)}; }
Spec ebnf(std::string grammar) { return {.kind = SpecKind::ebnf, .text = std::move(grammar)}; }
Spec until(std::vector<std::string> stops, std::string pattern) {
  return {.kind = SpecKind::until, .text = std::move(pattern), .stops = std::move(stops)};
}
Spec sequence(std::vector<Spec> parts) { return of_parts(SpecKind::sequence, std::move(parts)); }
Spec choice(std::vector<Spec> parts) { return of_parts(SpecKind::choice, std::move(parts)); }

Spec choice(const std::vector<std::string>& texts) {
  std::vector<Spec> parts;
  for (const std::string& text : texts) parts.push_back(literal(text));
  return choice(std::move(parts));
}

Spec repeated(Spec part, uint32_t min, uint32_t max) {
  Spec out{.kind = SpecKind::repeated, .min = min, .max = max};
  out.parts.push_back(std::move(part));
  return out;
}

Spec shared(Spec part) {
  Spec out{.kind = SpecKind::shared};
  out.one = std::make_shared<const Spec>(std::move(part));
  return out;
}

Result<GrammarPtr> compile(const Spec& spec, uint64_t steps_max) {
  TRY_ASSIGN(GrammarPtr grammar, Compiler(steps_max).run(spec));
  const Matcher matcher(grammar);
  if (matcher.overflowed()) return std::unexpected(too_ambiguous());
  return grammar;
}

}  // namespace mill::grammar
