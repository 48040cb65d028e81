#include "service/inference/tool_grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "data/grammar/spec.h"

namespace mill::inference {
namespace {

using dialect::ToolFormat;
using grammar::kForever;
using grammar::literal;
using grammar::Spec;

constexpr uint32_t kCallsMax = 128;         // in one answer that has to call
constexpr size_t kTellingNamesMax = 2'000;  // bytes of names that free text is compared with

// Any arguments, of which those are bare texts that whoever reads them takes for such.
Json loosened(const Json& schema) {
  static const Json kText = {{"type", "string"}}, kAny = Json::object();
  Json out = Json::object();
  if (schema.contains("properties") && schema["properties"].is_object())
    for (const auto& [name, said] : schema["properties"].items())
      out["properties"][name] = grammar::is_bare_argument(schema, name) ? kText : kAny;
  if (grammar::is_bare_argument(schema, "")) out["additionalProperties"] = kText;
  return out;
}

struct Call {
  std::string name;
  Spec arguments;
  bool strict = false;
};

std::vector<Call> calls_of(const ToolUse& use, grammar::Notation notation) {
  std::vector<Call> calls;
  for (const Json& tool : use.list) {
    const Json& function = tool["function"];
    const std::string name = function["name"];
    calls.push_back(
        {.name = name,
         .arguments = grammar::shared(grammar::arguments(use.schemas.at(name), notation)),
         .strict = function.value("strict", Json()) == true});
  }
  return calls;
}

void loosen(Call& call) {
  const Spec& now = *call.arguments.one;
  call.arguments = grammar::shared(grammar::arguments(loosened(now.schema), now.notation));
}

// Alone, because a call that nothing can satisfy is left out of a whole without a word.
Checked<void> check_strict(Grammars& grammars, const Call& call, uint64_t steps_max) {
  const auto alone = grammars.compiled(call.arguments, steps_max);
  if (alone) return {};
  return http::refuse(fmt::format("The parameters of the strict tool '{}' cannot be kept to: {}",
                                  call.name, alone.error().message),
                      "tools");
}

// The calls' whole is compiled at once; only if it cannot be are the tools asked one by one. All of
// them together may take as many steps as the whole.
using Whole = std::function<Spec(const std::vector<Call>&)>;

Checked<grammar::GrammarPtr> compile(Grammars& grammars, std::vector<Call> calls,
                                     const Whole& whole) {
  const uint64_t each = grammar::Effort::kStepsMax / std::max<size_t>(calls.size(), 1);
  for (const Call& call : calls)
    if (call.strict) TRY(check_strict(grammars, call, each));
  if (auto compiled = grammars.compiled(whole(calls))) return *compiled;
  for (Call& call : calls) {
    if (!call.strict && !grammars.compiled(call.arguments, each)) loosen(call);
  }
  if (auto compiled = grammars.compiled(whole(calls))) return *compiled;
  for (Call& call : calls)
    if (!call.strict) loosen(call);
  auto compiled = grammars.compiled(whole(calls));
  if (compiled) return *compiled;
  return http::refuse(
      fmt::format("The tools together make too large a grammar: {}", compiled.error().message),
      "tools");
}

Spec text(std::string_view text) { return literal(std::string(text)); }

// NAME after_name ARGUMENTS after_arguments; `head` stands for the first two.
Spec call_spec(Spec head, const Call& call, const ToolFormat& format) {
  return grammar::sequence({std::move(head), call.arguments, text(format.after_arguments)});
}

std::string head_of(const Call& call, const ToolFormat& format) {
  return call.name + std::string(format.after_name);
}

// Any of them, from its name on.
Spec any_call(const std::vector<Call>& calls, const ToolFormat& format) {
  std::vector<Spec> each;
  for (const Call& call : calls)
    each.push_back(call_spec(literal(head_of(call, format)), call, format));
  return grammar::choice(std::move(each));
}

Spec next_calls(const Spec& call, const ToolFormat& format, uint32_t most) {
  return grammar::repeated(grammar::sequence({text(format.next), call}), 0, most);
}

// As a pattern.
std::string quoted(std::string_view plain) {
  std::string out;
  for (const char c : plain) {
    if (std::string_view("[](){}|.*+?^$\\/").contains(c)) out += '\\';
    out += c;
  }
  return out;
}

// A pattern of ToolFormat's, in which a blank is any white space.
std::string spaced(std::string_view pattern) {
  std::string out;
  for (const char c : pattern) out += c == ' ' ? "[ \\n\\r\\t]*" : std::string(1, c);
  return out;
}

// How the parser reads an answer (output_parser.h), as a grammar:
//
//   answer   = [ space ] open thoughts | body       thoughts only, where the prompt has opened them
//   thoughts = … [ close body ]
//   body     = free { region free } | bare { region free }
//   region   = open call { next call } ending
//   free     = text in which no region opens, and which, where it begins the answer or follows the
//              thoughts, does not begin with a bare call, nor begins the answer with thoughts
//
// Where the calls have no end of their own (Llama 3) the answer ends with them; where one call is
// wanted, with that.
class AnswerWriter {
 public:
  AnswerWriter(const dialect::ParserOptions& parser, bool parallel, const std::vector<Call>& calls)
      : thoughts_(parser.thoughts),
        thinking_(parser.thinking),
        format_(*parser.format),
        parallel_(parallel),
        // Where a further call opens a region of its own, a region has one.
        row_(format_.open.empty() || !format_.next.contains(format_.open)),
        calls_(calls),
        call_(grammar::shared(any_call(calls, format_))) {}

  Spec answer() const {
    if (thoughts_ == nullptr) return body("");
    const std::string close(thoughts_->close);
    const Spec thoughts = grammar::sequence(
        {grammar::until({close}),
         grammar::choice({text(""), grammar::sequence({text(close), body("")})})});
    if (thinking_) return thoughts;
    const std::string open = spaced(" ") + quoted(thoughts_->open);
    return grammar::choice({grammar::sequence({grammar::regex(open), thoughts}), body("^" + open)});
  }

  // Instead of free text.
  Spec answer_or(const Spec& structure) const {
    const Spec one = grammar::sequence({text(format_.open), region()});
    const Spec more = grammar::sequence({grammar::regex("[ \\n]{0,8}"), one});
    return grammar::choice(
        {structure,
         grammar::sequence({one, grammar::repeated(more, 0, goes_on() ? kCallsMax : 0)})});
  }

 private:
  bool goes_on() const { return parallel_ && !(row_ && format_.ending.empty()); }

  std::vector<std::string> opens() const {
    if (format_.open.empty()) return {};
    return {std::string(format_.open)};
  }

  // `begins`: a pattern of how it does not begin.
  Spec body(std::string begins) const {
    if (format_.bare.empty()) return free(std::move(begins));
    begins += fmt::format("{}^{}{}", begins.empty() ? "" : "|", spaced(format_.bare_before),
                          telling_name());
    const Spec bare =
        grammar::sequence({first_bare(), more(),
                           goes_on() ? grammar::sequence({text(format_.ending), free("")})
                                     : text(parallel_ ? format_.ending : "")});
    return grammar::choice({free(std::move(begins)), bare});
  }

  // What it begins with if not …, and regions.
  Spec free(std::string begins) const {
    Spec first = grammar::until(opens(), std::move(begins));
    if (format_.open.empty()) return first;
    const Spec one = grammar::sequence({text(format_.open), region()});
    return grammar::sequence(
        {std::move(first),
         goes_on()
             ? grammar::repeated(grammar::sequence({one, grammar::until(opens())}), 0, kForever)
             : grammar::choice({text(""), one})});
  }

  // From behind its opening.
  Spec region() const {
    std::string_view begin = format_.before_name;
    if (begin.starts_with(format_.open)) begin.remove_prefix(format_.open.size());
    const std::string_view end = format_.ending.ends_with(format_.close) ? "" : format_.close;
    Spec calls = grammar::sequence({text(begin), call_, more()});
    if (!parallel_) return calls;
    return grammar::sequence({std::move(calls), text(format_.ending), text(end)});
  }

  Spec more() const { return parallel_ && row_ ? next_calls(call_, format_, kForever) : text(""); }

  Spec first_bare() const {
    const std::string_view rest = format_.after_name.substr(1);  // behind what bare_after closes
    std::vector<Spec> each;
    for (const Call& call : calls_) {
      const std::string head = call.name + std::string(format_.bare_after);
      each.push_back(
          call_spec(grammar::sequence({grammar::regex(head), text(rest)}), call, format_));
    }
    return grammar::sequence(
        {grammar::regex(spaced(format_.bare_before)), grammar::choice(std::move(each))});
  }

  // Of very many tools, any name is taken for the beginning of a call.
  std::string telling_name() const {
    std::string names;
    for (const Call& call : calls_)
      names += fmt::format("{}{}", names.empty() ? "" : "|", call.name);
    if (names.size() > kTellingNamesMax) return "";
    return fmt::format("(?:{}){}", names, format_.bare_after);
  }

  const dialect::ThoughtFormat* thoughts_;
  bool thinking_;
  const ToolFormat& format_;
  bool parallel_, row_;
  const std::vector<Call>& calls_;
  const Spec call_;  // any, from its name on
};

}  // namespace

Checked<grammar::GrammarPtr> call_grammar(Grammars& grammars, const ToolUse& use,
                                          const ToolFormat& format, const std::string& begun) {
  const std::string_view rest = std::string_view(begun).substr(format.before_name.size());
  return compile(grammars, calls_of(use, format.notation), [&](const std::vector<Call>& calls) {
    std::vector<Spec> first;
    for (const Call& call : calls) {
      const std::string head = head_of(call, format);
      if (rest.empty() || rest == head)
        first.push_back(call_spec(literal(rest.empty() ? head : ""), call, format));
    }
    Spec whole = grammar::choice(std::move(first));
    if (!use.parallel || !use.name.empty()) return whole;
    const Spec next = next_calls(any_call(calls, format), format, kCallsMax - 1);
    return grammar::sequence(
        {std::move(whole), next, grammar::choice({std::string(format.ending), ""})});
  });
}

Checked<grammar::GrammarPtr> answer_grammar(Grammars& grammars, const ToolUse& use,
                                            const dialect::ParserOptions& parser) {
  return compile(grammars, calls_of(use, parser.format->notation),
                 [&](const std::vector<Call>& calls) {
                   return AnswerWriter(parser, use.parallel, calls).answer();
                 });
}

Checked<grammar::GrammarPtr> structure_or_calls(Grammars& grammars, const ToolUse& use,
                                                const dialect::ParserOptions& parser,
                                                const Spec& structure) {
  return compile(grammars, calls_of(use, parser.format->notation),
                 [&](const std::vector<Call>& calls) {
                   return AnswerWriter(parser, use.parallel, calls).answer_or(structure);
                 });
}

}  // namespace mill::inference
