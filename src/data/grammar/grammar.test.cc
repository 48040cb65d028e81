#include "data/grammar/grammar.h"

#include <doctest/doctest.h>

#include "data/grammar/matcher.h"
#include "data/grammar/test_match.h"

using namespace mill;
using namespace mill::grammar;
using mill::grammar::test::matches;

TEST_CASE("a rule may contain itself, and repeats count") {
  Builder builder;
  const RuleId list = builder.rule("list"), item = builder.rule("item");
  const NodeId open = builder.node(), last = builder.node();
  builder.bytes(builder.start(list), '[', '[', open);
  builder.repeat(open, {.body = item, .min = 1, .max = 3, .next = last});
  builder.bytes(last, ']', ']', builder.end(list));
  builder.bytes(builder.start(item), 'a', 'c', builder.end(item));
  builder.call(builder.start(item), list, builder.end(item));
  const auto grammar = std::move(builder).finish(list);
  REQUIRE(grammar);
  for (const char* text : {"[a]", "[abc]", "[[a][b]c]", "[[[[a]]]]"})
    CHECK_MESSAGE(matches(*grammar, text), text);
  for (const char* text : {"", "[]", "[abca]", "[a", "[[a]", "[d]", "a"})
    CHECK_MESSAGE(!matches(*grammar, text), text);
  Matcher matcher(*grammar);
  CHECK(matcher.distance(matcher.start()) == 3);
  const StateId deep = test::run(matcher, "[[[");
  CHECK(matcher.distance(deep) == 4);
  CHECK(matcher.ends_here(test::run(matcher, "[a]")));
}

TEST_CASE("what a grammar must not be") {
  Builder empty;
  const RuleId never = empty.rule("never");
  empty.call(empty.start(never), never, empty.end(never));
  CHECK(std::move(empty).finish(never).error().message.find("no text at all") != std::string::npos);

  Builder left;
  const RuleId sum = left.rule("sum");
  const NodeId behind = left.node();
  left.call(left.start(sum), sum, behind);
  left.literal(behind, "+1", left.end(sum));
  left.literal(left.start(sum), "1", left.end(sum));
  const auto refused = std::move(left).finish(sum);
  REQUIRE(!refused);
  CHECK(refused.error().message ==
        "the rule 'sum' begins with itself (left recursion); write it as a repetition");
}

TEST_CASE("dead ends are no way") {
  Builder builder;
  const RuleId root = builder.rule("root"), never = builder.rule("never");
  const NodeId behind = builder.node();
  builder.literal(builder.start(root), "yes", builder.end(root));
  builder.literal(builder.start(root), "yet", behind);
  builder.call(behind, never, builder.end(root));
  const auto grammar = std::move(builder).finish(root);
  REQUIRE(grammar);
  Matcher matcher(*grammar);
  CHECK(test::run(matcher, "yes") != kDead);
  CHECK(test::run(matcher, "yet") == kDead);
}

TEST_CASE("counters out of reach are forgotten, those in reach are not") {
  Builder builder;
  const RuleId root = builder.rule("root"), item = builder.rule("item");
  builder.bytes(builder.start(item), 'a', 'a', builder.end(item));
  builder.repeat(builder.start(root),
                 {.body = item, .min = 20, .max = 5'000, .next = builder.end(root)});
  const auto grammar = std::move(builder).finish(root);
  REQUIRE(grammar);
  Matcher matcher(*grammar);
  const auto canonical = [&](size_t letters) {
    return matcher.canonical(test::run(matcher, std::string(letters, 'a')), 8);
  };
  CHECK(canonical(3) == canonical(5));
  CHECK(canonical(14) != canonical(15));
  CHECK(canonical(100) == canonical(3'000));
  CHECK(canonical(4'999) != canonical(3'000));
  CHECK(test::run(matcher, std::string(5'000, 'a')) != kDead);
  CHECK(test::run(matcher, std::string(5'001, 'a')) == kDead);
}

TEST_CASE("a repetition of nothing comes to an end") {
  Builder builder;
  const RuleId root = builder.rule("root"), item = builder.rule("item");
  builder.skip(builder.start(item), builder.end(item));
  builder.bytes(builder.start(item), 'a', 'a', builder.end(item));
  builder.repeat(builder.start(root),
                 {.body = item, .min = 1000, .max = 2000, .next = builder.end(root)});
  const auto grammar = std::move(builder).finish(root);
  REQUIRE(grammar);
  CHECK(matches(*grammar, ""));
  CHECK(matches(*grammar, "aaa"));
  CHECK(!matches(*grammar, "b"));
}
