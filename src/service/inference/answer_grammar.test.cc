// Answers that may call, by a model without any sense: in every format, thinking or not, all that
// the parser takes for a call is one that the tools' schemas allow, and everything else is free.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/test_data.h"
#include "data/grammar/test_match.h"
#include "data/tokenizer/utf8.h"
#include "service/inference/random_answer.h"
#include "service/inference/tool_grammar.h"

namespace mill::inference {
namespace {

using namespace testing;
using dialect::OutputEvents;

const dialect::ToolFormat* format(std::string_view name) {
  const auto& rows = dialect::tool_formats();
  const auto at = std::ranges::find(rows, name, &dialect::ToolFormat::name);
  REQUIRE(at != rows.end());
  return &*at;
}

grammar::GrammarPtr compiled(const ToolUse& use, const dialect::ParserOptions& options) {
  Grammars grammars;
  const auto out = answer_grammar(grammars, use, options);
  REQUIRE_MESSAGE(out, (out ? "" : out.error().message));
  return *out;
}

// What leads a random model into thoughts and calls.
std::vector<std::string> words_of(const dialect::ToolFormat& format) {
  std::vector<std::string> words = {
      "<think>", "</think>", "[",         " ",          "{ ",
      "search",  "noop(",    "\"name\":", "\"search\"", "\"type\": \"function\", "};
  for (const std::string_view part : {format.open, format.close, format.before_name,
                                      format.after_name, format.next, format.ending})
    if (!part.empty()) words.emplace_back(part);
  return words;
}

struct Walk {
  std::string text;
  bool complete = false;
};

Walk random_walk(llm::Constraint constraint, size_t vocab, std::mt19937& random, TokenId first) {
  if (first != 0) REQUIRE(constraint.advance(first));
  for (auto left = 40 + random() % 200; left > 0 && !constraint.must_end(); --left) {
    const TokenId token = drawn(constraint.mask(), vocab, random, true);
    CHECK(constraint.allows(token));
    if (token == 0) break;
    REQUIRE(constraint.advance(token));
  }
  return {constraint.text(), constraint.may_end()};
}

// As the engine tells it: whole characters only.
std::string characters(const std::string& bytes) {
  Utf8Stream stream;
  std::string out = stream.feed(bytes);
  return out + stream.finish();
}

std::vector<dialect::OutputEvent> told(const dialect::ParserOptions& options,
                                       const std::vector<std::string_view>& pieces) {
  dialect::OutputParser parser(options);
  OutputEvents all;
  const auto keep = [&](const std::vector<dialect::OutputEvent>& events) {
    for (const dialect::OutputEvent& event : events) {
      if (event.kind == dialect::OutputKind::call_end) all.end_call(event.whole);
      if (event.kind != dialect::OutputKind::call_end) all.add(event.kind, event.text);
    }
  };
  for (const std::string_view piece : pieces) keep(parser.feed(piece));
  keep(parser.finish());
  return all.take();
}

// However the text is cut in two, and byte by byte.
void check_cuts(const dialect::ParserOptions& options, std::string_view text) {
  const auto whole = told(options, {text});
  std::vector<std::string_view> bytes;
  for (size_t at = 0; at < text.size(); ++at) {
    bytes.push_back(text.substr(at, 1));
    if (told(options, {text.substr(0, at), text.substr(at)}) != whole) FAIL_CHECK("cut at ", at);
  }
  CHECK(told(options, bytes) == whole);
}

struct Counts {
  size_t calls = 0, texts = 0, thoughts = 0, cut = 0;
};

void check_answer(const ToolUse& use, const dialect::ParserOptions& options, const Walk& walk,
                  Counts& counts) {
  const std::string text = characters(walk.text);
  CAPTURE(text);
  const Said said = read(options, text);
  if (walk.complete) CHECK(said.all_whole);
  if (!use.parallel) CHECK(said.calls.size() <= 1);
  for (size_t i = 0; i < said.calls.size(); ++i) {
    const bool cut = i + 1 == said.calls.size() && !said.last_whole;
    if (cut) ++counts.cut;
    if (!cut) check_call(use, said.calls[i].first, said.calls[i].second);
  }
  counts.calls += said.calls.size();
  counts.texts += said.text.empty() ? 0 : 1;
  counts.thoughts += said.thoughts.empty() ? 0 : 1;
}

constexpr uint32_t kSeeds = 40;

// Each format with parallel calls and without; where a sanitizer watches, with one of the two.
bool is_walked(const dialect::ToolFormat& row, bool parallel) {
  const auto index = &row - dialect::tool_formats().data();
  return !test_data::kSanitized || (index % 2 == 0) == parallel;
}

// Bare calls are only found at the beginning, so every other answer has one there.
std::string bare_head(const dialect::ParserOptions& options) {
  const std::string head = options.format->bare == "{" ? " { \"name\": \"noop\"" : " [ all-labels(";
  return (options.thinking ? "so </think>" : "") + head;
}

Counts check_format(const ToolUse& use, const dialect::ParserOptions& options) {
  std::vector<std::string> words = words_of(*options.format);
  words.push_back(bare_head(options));
  const auto trie = vocabulary(words);
  const auto head = static_cast<TokenId>(trie->vocab_size() - 1);
  llm::Constraints constraints(trie);
  const grammar::GrammarPtr grammar = compiled(use, options);
  Counts counts;
  for (uint32_t seed = 0; seed < kSeeds; ++seed) {
    std::mt19937 random(seed);
    const bool bare = !options.format->bare.empty() && seed % 2 == 1;
    const Walk walk =
        random_walk(constraints.start(grammar), trie->vocab_size(), random, bare ? head : 0);
    check_answer(use, options, walk, counts);
    if (seed % 8 == 0) check_cuts(options, characters(walk.text));
  }
  return counts;
}

enum class State : uint8_t { dead, open, complete };

State state_of(const grammar::GrammarPtr& grammar, std::string_view text) {
  grammar::Matcher matcher(grammar);
  const grammar::StateId state = grammar::test::run(matcher, text);
  if (state == grammar::kDead) return State::dead;
  return matcher.accepts(state) ? State::complete : State::open;
}

struct Row {
  const char* format;
  std::string text;
  State state;
};

const std::string kHermes = "<tool_call>\n{\"name\": \"noop\", \"arguments\": {}}\n</tool_call>";
const std::string kLlama = "{\"name\": \"noop\", \"parameters\": {}}";
const std::string kTagged = "<tool_call>\n<function=noop>\n</function>\n</tool_call>";

// Answers after which the prompt's thoughts are neither open nor closed.
const Row kRows[] = {
    {"hermes", "", State::complete},
    {"hermes", "a \xFF\xC3 < <tool_cal", State::complete},
    {"hermes", "{\"name\": \"noop\"", State::complete},
    {"hermes", "a <tool_call>", State::open},
    {"hermes", "a " + kHermes, State::complete},
    {"hermes", kHermes + kHermes + "\n" + kHermes + " so <tool", State::complete},
    {"hermes", "<tool_call>{", State::dead},
    {"hermes", "a <tool_call>\n{\"name\": \"nope", State::dead},
    {"hermes", "<tool_call>\n{\"name\": \"noop\", \"arguments\": {\"", State::dead},
    {"hermes", kHermes + "<tool_call>x", State::dead},
    {"hermes", " <think> <tool_call> {", State::complete},
    {"hermes", "<think>\xFF<tool_call></think> so " + kHermes, State::complete},
    {"hermes", "<think></think><tool_call>x", State::dead},
    {"hermes", "I <think><tool_call>x", State::dead},
    {"hermes", "<thin " + kHermes, State::complete},
    {"nemotron", "<TOOLCALL>[{\"name\": \"noop\", \"arguments\": {}}]</TOOLCALL>", State::complete},
    {"nemotron",
     "<TOOLCALL>[{\"name\": \"noop\", \"arguments\": {}}, {\"name\": \"noop\", \"arguments\": "
     "{}}]</TOOLCALL>.",
     State::complete},
    {"nemotron", "<TOOLCALL>[{\"name\": \"noop\", \"arguments\": {}}]", State::open},
    {"mistral", "Hm.[TOOL_CALLS]noop[ARGS]{}[TOOL_CALLS]noop[ARGS]{} so", State::complete},
    {"mistral", "[TOOL_CALLS]noop{", State::dead},
    {"mistral", "noop[ARGS]{x", State::complete},
    {"mistral_array", "[TOOL_CALLS][{\"name\": \"noop\", \"arguments\": {}}] so", State::complete},
    {"llama3", "{\"name\": \"Bob\", \"age\": 3}", State::complete},
    {"llama3", "{\"parameters\": 1, \"name\": \"noop\"}", State::complete},
    {"llama3", "Call " + kLlama, State::complete},
    {"llama3", kLlama, State::complete},
    {"llama3", kLlama + "; " + kLlama, State::complete},
    {"llama3", kLlama + " and", State::dead},
    {"llama3", " { \"type\":\"function\" ,\"name\":\"noop\", \"parameters\": {}}", State::complete},
    {"llama3", "{ \"name\":\"noop\"}", State::dead},
    {"llama3", "{\"name\": \"noop\", \"parameters\": {\"", State::dead},
    {"llama3", "so <|python_tag|>" + kLlama + "; " + kLlama, State::complete},
    {"llama3", "<|python_tag|>print(1)", State::dead},
    {"llama3", "<think>{\"name\": \"noop\"}</think> " + kLlama, State::complete},
    {"llama3", "<think></think> {\"name\": \"noop\"}", State::dead},
    {"pythonic", "[1, 2]", State::complete},
    {"pythonic", "[nope(1)]", State::complete},
    {"pythonic", "so [noop(1)]", State::complete},
    {"pythonic", " [noop(), noop()] so <|python_start|>[noop()]<|python_end|>.", State::complete},
    {"pythonic", "[ noop.call()]", State::complete},
    {"pythonic", "[noop(1", State::dead},
    {"pythonic", "[noop()", State::open},
    {"pythonic", "<|python_start|>noop()", State::dead},
    {"pythonic_list", "[noop()] <|python_start|>", State::complete},
    {"tagged", "So." + kTagged + kTagged + "!", State::complete},
    {"tagged", "<function=noop>x", State::complete},
    {"tagged", "<tool_call>\n<function=nope", State::dead},
};

}  // namespace

TEST_CASE("whatever a model draws that may call, all calls are valid, in every format") {
  const dialect::ThoughtFormat* think = &dialect::thought_formats().front();
  size_t thought = 0;  // where the answer has to open its thoughts itself
  for (const bool parallel : {true, false}) {
    ToolUse use = tools(Calls::automatic);
    use.parallel = parallel;
    for (const dialect::ToolFormat& row : dialect::tool_formats()) {
      if (!is_walked(row, parallel)) continue;
      CAPTURE(std::string(row.name));
      CAPTURE(parallel);
      const dialect::ParserOptions plain{.format = &row, .tools = use.schemas};
      Counts counts = check_format(use, plain);
      CHECK(counts.calls > kSeeds / 4);
      CHECK(counts.texts > kSeeds / 4);
      CHECK(counts.cut < counts.calls);
      for (const bool thinking : {false, true}) {
        counts = check_format(
            use, {.thoughts = think, .format = &row, .tools = use.schemas, .thinking = thinking});
        if (thinking) CHECK(counts.thoughts > kSeeds / 2);
        if (!thinking) thought += counts.thoughts;
        CHECK(counts.calls > 0);
      }
    }
  }
  CHECK(thought > kSeeds / 8);
}

TEST_CASE("an answer is free up to a call") {
  const ToolUse use = tools(Calls::automatic);
  for (const Row& row : kRows) {
    CAPTURE(std::string(row.format));
    CAPTURE(row.text);
    const dialect::ParserOptions options{.thoughts = &dialect::thought_formats().front(),
                                         .format = format(row.format),
                                         .tools = use.schemas};
    CHECK(state_of(compiled(use, options), row.text) == row.state);
    if (row.state == State::complete) CHECK(read(options, row.text).all_whole);
  }
}

TEST_CASE("thoughts that the prompt has opened, and all bytes wherever it is free") {
  const ToolUse use = tools(Calls::automatic);
  std::string all = "x";
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  for (const dialect::ThoughtFormat& thoughts : dialect::thought_formats()) {
    const auto grammar = compiled(use, {.thoughts = &thoughts,
                                        .format = format("hermes"),
                                        .tools = use.schemas,
                                        .thinking = true});
    const std::string thought = all + "<tool_call>" + std::string(thoughts.close);
    CHECK(state_of(grammar, all) == State::complete);
    CHECK(state_of(grammar, thought + all + kHermes + all) == State::complete);
    CHECK(state_of(grammar, thought + all + "<tool_call>x") == State::dead);
  }
}

TEST_CASE("an answer ends with its call where one is wanted") {
  ToolUse use = tools(Calls::automatic);
  use.parallel = false;
  const auto hermes = compiled(use, {.format = format("hermes"), .tools = use.schemas});
  const std::string call = kHermes.substr(0, kHermes.find("\n</"));
  CHECK(state_of(hermes, "so " + call) == State::complete);
  CHECK(state_of(hermes, "so " + call + "\n") == State::dead);
  const auto llama = compiled(use, {.format = format("llama3"), .tools = use.schemas});
  CHECK(state_of(llama, kLlama) == State::complete);
  CHECK(state_of(llama, kLlama + ";") == State::dead);
}

TEST_CASE("an answer with a structure of its own is that, or calls, and never a mixture") {
  const Json schema = Json::parse(R"({"type": "object", "required": ["a"],
      "additionalProperties": false, "properties": {"a": {"type": "string", "maxLength": 20}}})");
  for (const bool parallel : {true, false}) {
    ToolUse use = tools(Calls::automatic);
    use.parallel = parallel;
    for (const dialect::ToolFormat& row : dialect::tool_formats()) {
      if (row.open.empty() || !is_walked(row, parallel)) continue;
      CAPTURE(std::string(row.name));
      const dialect::ParserOptions options{
          .format = &row, .tools = use.schemas, .structured = true};
      Grammars grammars;
      const auto grammar = structure_or_calls(grammars, use, options, grammar::json_schema(schema));
      REQUIRE(grammar);
      const auto trie = vocabulary(words_of(row));
      llm::Constraints constraints(trie);
      size_t calls = 0, texts = 0;
      for (uint32_t seed = 0; seed < kSeeds; ++seed) {
        std::mt19937 random(seed);
        const auto open = static_cast<TokenId>(257 + 16 + 10);  // of words_of(): row.open
        REQUIRE(trie->piece(open) == row.open);
        const Walk walk = random_walk(constraints.start(*grammar), trie->vocab_size(), random,
                                      seed % 2 == 0 ? open : 0);
        Counts counts;
        check_answer(use, options, walk, counts);
        const Said said = read(options, characters(walk.text));
        if (said.calls.empty() && walk.complete)
          CHECK(valid(schema, Json::parse(said.text, nullptr, false)));
        if (!said.calls.empty() && walk.complete) CHECK(said.text == "");
        calls += said.calls.size();
        texts += said.calls.empty() && walk.complete ? 1 : 0;
        if (seed % 8 == 0) check_cuts(options, characters(walk.text));
      }
      CHECK(calls > kSeeds / 4);
      CHECK(texts > kSeeds / 8);
    }
  }
}

TEST_CASE("in a structure's text an opening is text") {
  const ToolUse use = tools(Calls::automatic);
  const std::string text = "{\"a\": \"" + std::string("<tool_call>\\n{\\\"name\\\"") + "\"} ";
  const Said said =
      read({.format = format("hermes"), .tools = use.schemas, .structured = true}, text);
  CHECK(said.calls.empty());
  CHECK(said.text == text);
}

TEST_CASE("of very many tools any name begins a bare call") {
  ToolUse use;
  for (int i = 0; i < 500; ++i) {
    const std::string name = fmt::format("a_rather_long_name_of_a_tool_with_number_{}", i);
    REQUIRE(use.add({{"name", name}}, "tools"));
  }
  const auto grammar = compiled(use, {.format = format("llama3"), .tools = use.schemas});
  CHECK(state_of(grammar, "{\"name\": \"a_rather_long_name_of_a_tool_with_number_499\"") ==
        State::open);
  CHECK(state_of(grammar, "{\"name\": \"Bob") == State::dead);
  CHECK(state_of(grammar, "{\"nam\": \"Bob") == State::complete);
}

}  // namespace mill::inference
