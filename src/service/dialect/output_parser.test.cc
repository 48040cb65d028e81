#include "service/dialect/output_parser.h"

#include <doctest/doctest.h>

#include <random>

namespace mill::dialect {
namespace {

const ToolFormat* format(std::string_view name) {
  for (const ToolFormat& row : tool_formats()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

Tools tools() {
  return {{"get_weather", Json::parse(R"({"type": "object", "properties": {
              "city": {"type": "string"}, "days": {"type": "integer"}}})")},
          {"f", Json::object()}};
}

// The events in short: thoughts in (), calls as name<arguments>, "!" behind what is not whole.
std::string summary(const std::vector<OutputEvent>& events) {
  std::string out;
  OutputKind last = OutputKind::text;
  for (const OutputEvent& event : events) {
    if (last == OutputKind::thinking && event.kind != last) out += ")";
    if (event.kind == OutputKind::thinking && event.kind != last) out += "(";
    if (event.kind == OutputKind::call_begin) out += "«" + event.text + " ";
    if (event.kind == OutputKind::call_end) out += event.whole ? "»" : "!»";
    if (event.kind != OutputKind::call_begin) out += event.text;
    last = event.kind;
  }
  return out + (last == OutputKind::thinking ? ")" : "");
}

std::vector<OutputEvent> parsed(const ParserOptions& options,
                                const std::vector<std::string>& pieces) {
  OutputParser parser(options);
  OutputEvents joined;
  const auto keep = [&](const std::vector<OutputEvent>& events) {
    for (const OutputEvent& event : events) {
      if (event.kind == OutputKind::call_end) joined.end_call(event.whole);
      if (event.kind != OutputKind::call_end) joined.add(event.kind, event.text);
    }
  };
  for (const std::string& piece : pieces) keep(parser.feed(piece));
  keep(parser.finish());
  return joined.take();
}

std::string said(const ParserOptions& options, const std::string& text) {
  return summary(parsed(options, {text}));
}

std::vector<std::string> cut(const std::string& text, uint64_t bits) {
  std::vector<std::string> pieces(1);
  for (size_t i = 0; i < text.size(); ++i) {
    pieces.back() += text[i];
    if ((bits >> (i % 64) & 1) != 0) pieces.emplace_back();
  }
  return pieces;
}

struct Row {
  const char* format;
  const char* text;
  const char* meaning;
};

// What each notation means; whole, several, in company, cut short, and wrong.
const Row kRows[] = {
    {"hermes", "plain <b>text</b> \n", "plain <b>text</b> \n"},
    {"hermes",
     "Hm.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": [1, \"}\"]}}\n</tool_call>",
     "Hm.«f {\"x\": [1, \"}\"]}»"},
    {"hermes",
     "<tool_call>{\"name\":\"f\"}</tool_call>\n<tool_call>\n{\"arguments\": {\"a\": 1}, "
     "\"name\": \"g\"}</tool_call> bye",
     "«f {}»«g {\"a\": 1}»bye"},
    {"hermes",
     "<tool_call>[{\"name\": \"f\", \"arguments\": {}}, {\"name\": \"g\", \"arguments\": "
     "null}]</tool_call>",
     "«f {}»«g {}»"},
    {"hermes", "<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1}\"}</tool_call>",
     "«f {\"a\": 1}»"},
    {"hermes", "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": \"a", "«f {\"x\": \"a!»"},
    {"hermes", "<tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": oops}} more",
     "«f {\"x\": !»oops}} more"},
    {"hermes", "a <tool_call>\n{\"name\": \"f\"", "a <tool_call>\n{\"name\": \"f\""},
    {"hermes", "<tool_call>{\"x\": 1}</tool_call> <tool_call>{\"name\":\"f\"}</tool_call>",
     "<tool_call>{\"x\": 1}</tool_call>«f {}»"},
    {"hermes", "<tool_call><tool_call>{\"name\":\"f\"}</tool_call>", "<tool_call>«f {}»"},
    {"hermes", "<tool_call>{\"name\":\"f\"}</tool_<tool_call>{\"name\":\"g\"}",
     "«f {}»</tool_«g {}»"},
    {"hermes",
     "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": {\"b\": {}}, \"c\": [{}]}}</tool_call>",
     "«f {\"a\": {\"b\": {}}, \"c\": [{}]}»"},
    {"nemotron",
     "<TOOLCALL>[{\"name\": \"f\", \"arguments\": {\"a\": 1}}, {\"name\": \"g\", "
     "\"arguments\": {}}]</TOOLCALL>",
     "«f {\"a\": 1}»«g {}»"},
    {"mistral", "[TOOL_CALLS]f[ARGS]{\"a\": 1}[TOOL_CALLS]g[CALL_ID]123456789[ARGS]{}",
     "«f {\"a\": 1}»«g {}»"},
    {"mistral", "[TOOL_CALLS]f{\"a\": 1}", "«f {\"a\": 1}»"},
    {"mistral", "[TOOL_CALLS] two words {\"a\": 1}", "[TOOL_CALLS] two words {\"a\": 1}"},
    {"mistral_array", "[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"a\": 1}, \"id\": \"x\"}]",
     "«f {\"a\": 1}»"},
    {"mistral_array",
     "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}},{\"name\": \"g\", "
     "\"arguments\": {}}] ok",
     "«f {}»«g {}»ok"},
    {"llama3", "{\"name\": \"f\", \"parameters\": {\"a\": 1.5e3}}", "«f {\"a\": 1.5e3}»"},
    {"llama3", "<|python_tag|>{\"name\": \"g\", \"parameters\": {}}", "«g {}»"},
    {"llama3", "<|python_tag|>f.call(city=\"Ulm\")", "«f {\"city\":\"Ulm\"}»"},
    {"llama3", "<|python_tag|>print(1)", "<|python_tag|>print(1)"},
    {"llama3",
     "{\"name\": \"f\", \"parameters\": {}}; {\"name\": \"f\", \"parameters\": {\"a\": 1}}",
     "«f {}»«f {\"a\": 1}»"},
    {"llama3", "{\"name\": \"Bob\", \"age\": 3}", "{\"name\": \"Bob\", \"age\": 3}"},
    {"llama3", " {\"answer\": 42} ", " {\"answer\": 42} "},
    {"llama3", " { \"type\": \"function\", \"name\": \"f\", \"parameters\": {}}", "«f {}»"},
    {"llama3", "{\"type\": \"x\", \"name\": \"f\"}", "{\"type\": \"x\", \"name\": \"f\"}"},
    {"llama3", "{\"parameters\": {}, \"name\": \"f\"}", "{\"parameters\": {}, \"name\": \"f\"}"},
    {"llama3", "{\"n\\u0061me\": \"f\"}", "{\"n\\u0061me\": \"f\"}"},
    {"llama3", "{\"name\": \"\\u0066\"}", "{\"name\": \"\\u0066\"}"},
    {"pythonic", "[f(a=1, b='x\\'y'), get_weather(city=\"Ulm\", days=2)]",
     "«f {\"a\":1,\"b\":\"x'y\"}»«get_weather {\"city\":\"Ulm\",\"days\":2}»"},
    {"pythonic", "<|python_start|>[f(a=[1, (2.5,), {'k': None}], b=True)]<|python_end|> x",
     "«f {\"a\":[1,[2.5],{\"k\":null}],\"b\":true}»x"},
    {"pythonic", "[1, 2, 3]", "[1, 2, 3]"},
    {"pythonic", "[unknown(a=1)]", "[unknown(a=1)]"},
    {"pythonic", "[f(a=1), f(a=", "«f {\"a\":1}», f(a="},
    {"pythonic", "[f(a=wrong)] [f()]", "[f(a=wrong)] [f()]"},
    {"pythonic_list", "[f()]", "«f {}»"},
    {"tagged",
     "<tool_call>\n<function=get_weather>\n<parameter=city>\n42\n</parameter>\n"
     "<parameter=days>\n2\n</parameter>\n</function>\n</tool_call>",
     "«get_weather {\"city\": \"42\", \"days\": 2}»"},
    {"tagged",
     "<tool_call><function=f></function></tool_call>\n<tool_call>\n<function=f>"
     "<parameter=a>{\"b\": [1]}</parameter><parameter=c>a < b\n\n</parameter></function>",
     "«f {}»«f {\"a\": {\"b\":[1]}, \"c\": \"a < b\\n\"}»"},
    {"tagged", "<tool_call>\n<function=f>\n<parameter=a>\nx", "«f {!»"},
    {"tagged", "<tool_call>\n<function=f>\nwhat", "«f {!»what"},
    {"tagged", "<tool_call>\n<fun>", "<tool_call>\n<fun>"},
    {"hermes", "<think>\nWhy? <b> </think\n</think>\n\nSo.\n", "(Why? <b> </think)So.\n"},
    {"hermes", "<think></think>So", "So"},
    {"hermes", " <think>cut </thi", "(cut </thi)"},
    {"hermes", "I say <think>no</think>", "I say <think>no</think>"},
    {"hermes", "<think>a</think>\n<tool_call>{\"name\":\"f\"}</tool_call>", "(a)«f {}»"},
    {"llama3", "<think>a</think>\n\n{\"name\": \"f\", \"parameters\": {}}", "(a)«f {}»"},
    {"hermes", "", ""},
    {"hermes", " \n", " \n"},
    {"hermes", "日本 <tool_call>{\"name\":\"f\",\"arguments\":{\"é\":\"\\u00e9ü\"}}</tool_call>",
     "日本«f {\"é\":\"\\u00e9ü\"}»"},
};

ParserOptions options_for(const Row& row) {
  return {.thoughts = &thought_formats().front(), .format = format(row.format), .tools = tools()};
}

}  // namespace

TEST_CASE("each notation means what it means") {
  for (const Row& row : kRows) {
    CAPTURE(row.format);
    CAPTURE(row.text);
    REQUIRE(format(row.format) != nullptr);
    CHECK(said(options_for(row), row.text) == row.meaning);
  }
}

TEST_CASE("however a text is cut into pieces, it says the same") {
  std::mt19937_64 random(5);
  for (const Row& row : kRows) {
    const std::string text = row.text;
    const ParserOptions options = options_for(row);
    const auto whole = parsed(options, {text});
    for (size_t at = 0; at <= text.size(); ++at)
      CHECK(parsed(options, {text.substr(0, at), text.substr(at)}) == whole);
    CHECK(parsed(options, cut(text, ~uint64_t{0})) == whole);
    for (int i = 0; i < 50; ++i) CHECK(parsed(options, cut(text, random() & random())) == whole);
  }
}

TEST_CASE("all cuts of short texts, whatever they say") {
  const std::vector<std::string> texts = {"<think>a</", "{\"name\": ", "[f(a=1)]  ", "x <tool_c",
                                          "[TOOL_CAL",  "  {}[]\n<t",  "<TOOLCALL>"};
  for (const ToolFormat& row : tool_formats()) {
    for (const std::string& text : texts) {
      const ParserOptions options{
          .thoughts = &thought_formats().front(), .format = &row, .tools = tools()};
      const auto whole = parsed(options, {text});
      for (uint64_t bits = 0; bits < uint64_t{1} << (text.size() - 1); ++bits) {
        if (parsed(options, cut(text, bits)) != whole) FAIL(row.name, " ", text, " ", bits);
      }
    }
  }
}

TEST_CASE("every text cut short, and every text with a byte changed, for every format") {
  std::mt19937_64 random(6);
  for (const ToolFormat& format_row : tool_formats()) {
    for (const Row& row : kRows) {
      ParserOptions options = options_for(row);
      options.format = &format_row;
      for (int i = 0; i < 40; ++i) {
        std::string text = row.text;
        if (text.empty()) continue;
        if (random() % 2 == 0) text.resize(random() % text.size());
        if (!text.empty() && random() % 2 == 0)
          text[random() % text.size()] = "{}[]\"'<>,:f \n\\"[random() % 14];
        const auto whole = parsed(options, {text});
        if (parsed(options, cut(text, random())) != whole) FAIL(format_row.name, " ", text);
        if (parsed(options, cut(text, ~uint64_t{0})) != whole) FAIL(format_row.name, " ", text);
      }
    }
  }
}

TEST_CASE("the prompt may have opened the thoughts, or begun a call") {
  ParserOptions options{.thoughts = &thought_formats().front(), .format = format("hermes")};
  options.thinking = true;
  CHECK(said(options, "\nhm </think> yes") == "(hm)yes");
  options.thinking = false;
  options.begun = "<tool_call>\n{\"name\": \"f\", \"arguments\": ";
  CHECK(said(options, "{\"a\": 2}}\n</tool_call>") == "«f {\"a\": 2}»");
  options.format = nullptr;
  options.begun = "";
  CHECK(said(options, "<tool_call>{\"name\": \"f\"}") == "<tool_call>{\"name\": \"f\"}");
}

TEST_CASE("every format reads the call that it begins itself") {
  for (const ToolFormat& row : tool_formats()) {
    CAPTURE(row.name);
    const ParserOptions options{
        .format = &row,
        .tools = tools(),
        .begun = std::string(row.before_name) + "f" + std::string(row.after_name)};
    const bool python = row.notation == grammar::Notation::python;
    const bool tagged = row.notation == grammar::Notation::tagged;
    const std::string arguments = python   ? "a=1"
                                  : tagged ? "<parameter=a>1</parameter>"
                                           : "{\"a\": 1}";
    const std::string call = arguments + std::string(row.after_arguments);
    const std::string more = std::string(row.next) + "f" + std::string(row.after_name) + call;
    for (const bool two : {false, true}) {
      const std::string end(two ? row.ending : "");
      const std::string out = said(options, call + (two ? more : "") + end);
      CHECK(out.starts_with("«f {\"a\":"));
      CHECK(out.ends_with("1}»"));
      CHECK(out.contains("»«") == two);
    }
  }
}

}  // namespace mill::dialect
