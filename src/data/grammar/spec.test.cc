#include "data/grammar/spec.h"

#include <doctest/doctest.h>

#include "data/grammar/test_match.h"

using namespace mill;
using namespace mill::grammar;

namespace {

struct Row {
  Spec spec;
  std::vector<std::string> yes, no;
};

void check(const Row& row) {
  const auto compiled = compile(row.spec);
  REQUIRE_MESSAGE(compiled, row.spec.key() << ": " << compiled.error().message);
  for (const auto& text : row.yes)
    CHECK_MESSAGE(test::matches(*compiled, text), row.spec.key() << " should allow " << text);
  for (const auto& text : row.no)
    CHECK_MESSAGE(!test::matches(*compiled, text), row.spec.key() << " should refuse " << text);
}

std::string refusal(const Spec& spec) {
  const auto compiled = compile(spec);
  return compiled ? "compiled" : compiled.error().message;
}

}  // namespace

TEST_CASE("regular expressions allow what they match from end to end") {
  check({regex("[a-c]+\\d{2,3}"), {"a12", "abc123"}, {"", "a1", "a1234", "12", "a12 "}});
  check({regex("^(yes|no)?$"), {"", "yes", "no"}, {"maybe", "yesno"}});
  check({regex("(?:é|ü)+."), {"éx", "üéß", "éé"}, {"é", "\xC3", "é\n"}});
  check({regex("[^a]{2}"), {"bc", "日本"}, {"ab", "b", "bcd"}});
  check({regex("a{0,3}?b*"), {"", "aaab", "bbb"}, {"aaaa", "ba"}});
  check({regex("(?!.*--)[a-]{3}"), {"aaa", "a-a"}, {"a--", "aa"}});
  check({regex("(?=.*\\d)[a-z0-9]{2}"), {"a1", "11"}, {"ab"}});
  check({regex("\\u{1F600}|\\x41|\\p{Lu}\\."), {"😀", "A", "Ä."}, {"ä.", "B"}});
  check({regex("(x{2}){2,}"), {"xxxx", "xxxxxx"}, {"xx", "xxx", "xxxxx"}});
}

TEST_CASE("what a regular expression cannot say is refused, with the place") {
  CHECK(refusal(regex("(a)\\1")) == "backreferences are not supported, at character 5");
  CHECK(refusal(regex("(?<=a)b")).starts_with("lookbehind is not supported, at character"));
  CHECK(refusal(regex("a\\b")).starts_with("word boundaries"));
  CHECK(refusal(regex("(a")) == "a '(' without its ')' at character 3");
  CHECK(refusal(regex("a)")) == "a ')' without its '(' at character 2");
  CHECK(refusal(regex("a{3,2}")).starts_with("a repetition's least is above its most"));
  CHECK(refusal(regex("a*{2}")).starts_with("nothing to repeat"));
  CHECK(refusal(regex("a|{2}")).starts_with("nothing to repeat"));
  CHECK(refusal(regex("[z-a]")).starts_with("a range in a class is the wrong way round"));
  CHECK(refusal(regex("((?!a).)*")).starts_with("a lookahead within a repetition"));
  CHECK(refusal(regex("\xFF")).starts_with("byte 0 is not valid UTF-8"));
  CHECK(refusal(regex(std::string(200, '(') + std::string(200, ')')))
            .starts_with("the groups are nested too deep"));
}

TEST_CASE("patterns that explode are bounded") {
  CHECK(refusal(regex("(?=.*a)(.*b.{40})$|c")).starts_with("the pattern is too complex"));
  const auto refused = compile(regex("(?=a)(.{0,100000}){0,100000}"), 2'000'000);
  CHECK(refused.error().message ==
        "the grammar is too complex: compiling it takes more than 2 million steps");
  CHECK(compile(regex("(.*a){1,30}.{0,50000}")));
  CHECK(compile(regex("((a{0,1000}){0,1000}){0,1000}")));
}

TEST_CASE("EBNF") {
  check({ebnf(R"~(
      # sums of numbers
      root   ::= number (" + " number)*
      number ::= [1-9] [0-9]{0,2} | "0" | "(" root ")"
    )~"),
         {"0", "12 + 345", "(1 + (2)) + 3"},
         {"", "01", "1234", "1 +", "(1"}});
  check({ebnf("root = 'a' | \"\\u00e9\\n\" | [^\\x00-z] ; "), {"a", "é\n", "~"}, {"b", ""}});
  check({ebnf("root ::= /[a-f]+\\/x/ .?"), {"abc/x", "a/xy"}, {"/x", "a/x\n"}});
}

TEST_CASE("what is wrong with an EBNF is told with its line") {
  CHECK(refusal(ebnf("a ::= \"x\"")) == "there is no rule 'root'");
  CHECK(refusal(ebnf("root ::= \"x\"\n  | other")) == "line 2: the rule 'other' is not defined");
  CHECK(refusal(ebnf("root ::= /x\\")) == "line 1: the regex does not end in its line");
  CHECK(refusal(ebnf("root ::= \"x")) == "line 1: the text does not end");
  CHECK(refusal(ebnf("root ::= (\"x\"")) == "line 1: a '(' without its ')'");
  CHECK(refusal(ebnf("root ::= root \"x\" | \"x\"")) ==
        "the rule 'root' begins with itself (left recursion); write it as a repetition");
  CHECK(refusal(ebnf("root ::= \"x\"\nroot ::= \"y\"")) ==
        "line 2: the rule 'root' is defined twice");
}

TEST_CASE("specs compose") {
  check({choice(std::vector<std::string>{"red", "green", "é"}), {"red", "é"}, {"re", "greenred"}});
  check({sequence({literal("<"), repeated(choice(std::vector<std::string>{"a", "b"}), 1, 2),
                   literal(">")}),
         {"<a>", "<ab>"},
         {"<>", "<aba>", "a"}});
  check({until({"<tool>", "END"}), {"", "a < b", "<too", "EN"}, {"<tool>", "a END", "x<tool>y"}});
  check({until({"é"}), {"\xFF\xC3", "\xA9 e", "\0"}, {"é", "\xC3\xC3\xA9"}});
  check({until({"b"}, "^ *(?:x|yy)"), {"", "y", "ax", " yx", "  y y"}, {"x", "  yyz", "b", "yb"}});
  check({until({}, "c$"), {"", "cb", "\xC3"}, {"c", "bc"}});
  check({until({}), {"", "\xC3", "any"}, {}});
  check({sequence({until({"<t>"}), literal("<t>"), json_schema({{"type", "null"}})}),
         {"hi <t>null", "<t>null", "<<t>null"},
         {"hi", "<t><t>null"}});
  const Spec pair = shared(sequence({regex("[ab]"), literal(";")}));
  check({sequence({pair, repeated(pair, 0, 1), literal("."), pair}),
         {"a;.b;", "a;b;.a;"},
         {"a;", "a;.", "a;b;a;.b;", "a.b"}});
  CHECK(refusal(shared(regex("("))) == refusal(regex("(")));
  CHECK(refusal(choice(std::vector<Spec>{})) == "there is nothing to choose from");
}

TEST_CASE("keys tell specs apart") {
  CHECK(literal("a").key() != regex("a").key());
  CHECK(sequence({literal("ab"), literal("c")}).key() !=
        sequence({literal("a"), literal("bc")}).key());
  CHECK(json_object().key() == json_schema({{"type", "object"}}).key());
  CHECK(until({"a"}).key() != until({}, "a").key());
  CHECK(shared(literal("a")).key() != shared(literal("b")).key());
}
