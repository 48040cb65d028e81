#include "llm/reason/search.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace mill::llm {
namespace {

std::unique_ptr<Search> made(std::string_view method, uint32_t n, VerifierPointer verifier = {}) {
  auto search =
      make_search({.method = std::string(method), .n = n, .verifier = std::move(verifier)});
  REQUIRE(search.has_value());
  return std::move(*search);
}

struct Shown {
  uint32_t path = 0;
  uint32_t heard = 0;  // paths that ended of themselves
};

// The paths end in this order, but for those that are stopped before.
Shown run(Search& search, const std::vector<PathEnd>& ends, const std::vector<uint32_t>& order) {
  std::vector<bool> stopped(ends.size(), false);
  Shown shown;
  for (const uint32_t path : order) {
    if (stopped[path]) continue;
    ++shown.heard;
    for (const uint32_t it : search.ended(ends[path]).stop) stopped[it] = true;
  }
  shown.path = search.shown();
  return shown;
}

}  // namespace

TEST_CASE("a method that is not there is told with those that are, and what it cannot do") {
  struct Row {
    SearchOptions options;
    const char* complaint;
  };
  for (const Row& row : {
           Row{{.method = "luck"},
               "there is no method 'luck'; there are 'self_consistency', 'best_of_n', 'reflect', "
               "'budget_forcing', 'beam_search', 'dvts', 'mcts', 'auto'"},
           Row{{.method = "best_of_n", .n = kPathsMax + 1}, "there may be 1 to 256 paths"},
           Row{{.method = "best_of_n", .n = 4, .budget_tokens = 3}, "not a token for each of 4"},
           Row{{.method = "reflect", .n = 4}, "needs an odd n"},
           Row{{.method = "budget_forcing", .n = 1}, "needs an n of 2 or more"},
           Row{{.method = "reflect", .verifier = *make_verifier({.name = "likelihood"})},
               "asks no verifier"},
       }) {
    const auto none = make_search(row.options);
    REQUIRE_FALSE(none.has_value());
    CAPTURE(none.error().message);
    CHECK(none.error().message.find(row.complaint) != std::string::npos);
  }
  for (const SearchMethod& row : search_methods()) {
    CHECK(made(row.name, 0)->answers() == row.n_usual);
    CHECK_FALSE(row.summary.empty());
  }
}

TEST_CASE("self-consistency: decided early, the first that came to it is shown") {
  const auto search = made("self_consistency", 5);
  CHECK(search->ended({.path = 3, .text = "so 18"}).stop.empty());
  CHECK(search->ended({.path = 1, .text = "it is 18.0"}).stop.empty());
  const Verdict verdict = search->ended({.path = 4, .text = "#### 18"});
  CHECK(verdict.stop == std::vector<uint32_t>{2});  // path 0 may be the one to show
  CHECK(verdict.note == "Path 5 of 5: 18 (most come to 18: 3 of 3)");
  CHECK(search->shown() == 1);
  CHECK(search->ended({.path = 0, .text = "18"}).stop == std::vector<uint32_t>{2});
  CHECK(search->shown() == 0);
}

TEST_CASE("best of n: the likeliest whole one") {
  const auto search = made("best_of_n", 3);
  search->ended({.path = 2, .text = "a", .logprob_mean = -0.1, .cut = true});
  CHECK(search->shown() == 2);
  search->ended({.path = 1, .text = "b", .logprob_mean = -0.9});
  CHECK(search->shown() == 1);
  search->ended({.path = 0, .text = "c", .logprob_mean = -0.9});
  CHECK(search->shown() == 0);
}

TEST_CASE("best of n: what is right goes before what nobody can judge, and that before wrong") {
  const auto search = made("best_of_n", 5, *make_verifier({.name = "arithmetic"}));
  search->ended({.path = 0, .text = "1 + 1 = 3, so 3", .logprob_mean = -0.1});
  CHECK(search->shown() == 0);
  CHECK(search->verified() == false);
  const Verdict lost = search->ended({.path = 1, .text = "just 2", .logprob_mean = -3});
  CHECK(lost.note == "Path 2 of 5: unverified: it calculates nothing (best: path 2)");
  CHECK(search->shown() == 1);
  CHECK(search->verified() == false);
  search->ended({.path = 2, .text = "1 + 1 = 2", .logprob_mean = -0.1, .cut = true});
  CHECK(search->shown() == 1);
  search->ended({.path = 3, .text = "1 + 1 = 2, so 3", .logprob_mean = -0.1});
  CHECK(search->shown() == 1);
  const Verdict found = search->ended({.path = 4, .text = "1 + 1 = 2", .logprob_mean = -9});
  CHECK(found.note == "Path 5 of 5: right: its calculation holds (best: path 5)");
  CHECK(search->shown() == 4);
  CHECK(search->verified() == true);
}

TEST_CASE("a verifier that is not there is told with those that are, and what it needs") {
  CHECK(make_verifier({.name = "luck"}).error().message ==
        "there is no verifier 'luck'; there are 'likelihood', 'arithmetic', 'json_schema', 'http', "
        "'unit_tests'");
  CHECK_FALSE(make_verifier({.name = "json_schema"}).has_value());
  CHECK_FALSE(make_verifier({.name = "json_schema", .schema = 7}).has_value());
  CHECK_FALSE(make_verifier({.name = "arithmetic", .schema = {{"type", "object"}}}).has_value());
  CHECK_FALSE(make_verifier({.name = "arithmetic", .url = "http://a/"}).has_value());
  CHECK_FALSE(make_verifier({.name = "http"}).has_value());
  CHECK(make_verifier({.name = "http", .url = "http://a/"})
            .error()
            .message.find("--verifier-url-prefix") != std::string::npos);
}

TEST_CASE("what an endpoint says of an answer is taken only where it is clear") {
  struct Echo : Courier {  // the answer is what it says
    Result<void> allows(std::string_view) const override { return {}; }
    Result<void> carry(Question question, Told told) override {
      asked = nlohmann::ordered_json::parse(question.body);
      told(asked["answer"].get<std::string>());
      return {};
    }
    void close() override {}
    nlohmann::ordered_json asked;
  };
  const auto courier = std::make_shared<Echo>();
  const auto verifier =
      *make_verifier({.name = "http", .url = "http://a/", .prompt = "1 + 1?", .courier = courier});
  CHECK(verifier->takes_time());
  const auto said = [&](const std::string& answer) {
    Result<Judgement> found = fail(ErrorKind::io, "nothing");
    const auto hear = [&](Result<Judgement> it) { found = std::move(it); };
    REQUIRE(verifier->ask({.text = answer, .step = answer.empty()}, 1000, hear).has_value());
    return found;
  };
  CHECK(said(R"({"verdict": "right", "why": "yes\nit is"})")->right);
  CHECK(said(R"({"verdict": "right", "why": "yes\nit is"})")->why == "yes it is");
  CHECK_FALSE(said(R"({"verdict": "wrong", "score": 3})")->right);
  CHECK(said(R"({"verdict": "wrong", "score": 3})")->score == 3);
  CHECK(said(R"({"score": -2.5})")->unknown);
  CHECK(said(R"({"verdict": "unknown", "score": 0.5})")->unknown);
  CHECK_FALSE(said(R"({"verdict": "unknown"})").has_value());
  CHECK(courier->asked["prompt"] == "1 + 1?");
  CHECK(courier->asked["whole"] == true);
  for (const char* none : {"", "no", "[]", "{}", R"({"verdict": 1})", R"({"verdict": "rigth"})",
                           R"({"score": "3"})", R"({"score": 1e999})", R"({"verdict": null})"}) {
    CAPTURE(none);
    CHECK_FALSE(said(none).has_value());
  }
  CHECK_FALSE(said(std::string(1000, '[')).has_value());
  CHECK(said(R"({"score": 1, "why": ")" + std::string(999, 'x') + "\"}")->why.size() == 200);
}

TEST_CASE("code is right if it passes its tests, and says so last") {
  struct Runner : Jail {
    Result<void> run(Program program, Told told) override {
      input = nlohmann::ordered_json::parse(program.input);
      if (!ran.output.empty()) ran.output = input["word"].get<std::string>() + ran.output;
      told(ran);
      return {};
    }
    void close() override {}
    nlohmann::ordered_json input;
    Ran ran = {.ended = true};
  };
  const auto jail = std::make_shared<Runner>();
  const auto verifier = *make_verifier({.name = "unit_tests", .tests = "assert f()", .jail = jail});
  const auto said = [&](const char* answer, Jail::Ran ran) {
    jail->ran = std::move(ran);
    Result<Judgement> found = fail(ErrorKind::io, "nothing");
    const auto hear = [&](Result<Judgement> it) { found = std::move(it); };
    const auto asked = verifier->ask({.text = answer}, 1000, hear);
    if (!asked) return Result<Judgement>(std::unexpected(asked.error()));
    return found;
  };
  const char* code = "```\nold\n```\nor\n```python\ndef f(): return 1\n```\nDone.";
  CHECK(said(code, {.ended = true, .output = "\n"})->right);
  CHECK(jail->input["code"] == "def f(): return 1\n");
  CHECK(jail->input["tests"] == "assert f()");
  CHECK_FALSE(said(code, {.ended = true, .status = 1, .output = "\n"})->right);
  CHECK_FALSE(said(code, {.ended = true, .output = "\nmore"})->right);
  CHECK(said(code, {.ended = true})->why == "it ends before the tests do");
  CHECK(said(code, {.ended = true, .status = 1, .complaints = "at\nAssertionError\n"})->why ==
        "AssertionError");
  CHECK(said(code, {.ended = false})->why == "it did not end in time");
  for (const char* none : {"", "```", "no code", "```x```", "``` ```"})
    CHECK_FALSE(said(none, {}).has_value());
  CHECK_FALSE(make_verifier({.name = "unit_tests", .tests = "x"}).has_value());
}

TEST_CASE("JSON is judged as its schema says") {
  const auto verifier =
      *make_verifier({.name = "json_schema",
                      .schema = {{"type", "object"},
                                 {"required", {"a"}},
                                 {"properties", {{"a", {{"type", "integer"}}}}}}});
  CHECK(verifier->judge({.text = R"( {"b": 1, "a": 2} )"})->right);
  CHECK_FALSE(verifier->judge({.text = R"({"b": 1})"})->right);
  CHECK_FALSE(verifier->judge({.text = R"({"a": "2"})"})->right);
  CHECK_FALSE(verifier->judge({.text = R"({"a": 2} so)"})->right);
  CHECK_FALSE(verifier->judge({.text = ""})->right);
  const std::string deep(100, '[');
  CHECK_FALSE(verifier->judge({.text = deep}).has_value());
  CHECK_FALSE(verifier->compares_only());
}

TEST_CASE("reflect: answer, critique, revision, until nothing is found or a path is cut off") {
  const auto search = made("reflect", 5);
  CHECK(search->begin().size() == 1);
  const Verdict first = search->ended({.path = 0, .text = "7"});
  REQUIRE(first.begin.size() == 1);
  CHECK(first.begin[0].path == 1);
  CHECK(first.begin[0].from == PathStart::From::turn);
  CHECK(first.begin[0].aside);
  const Verdict critique = search->ended({.path = 1, .text = "it is 8"});
  CHECK(critique.note == "Critique 1: it is 8");
  REQUIRE(critique.begin.size() == 1);
  CHECK_FALSE(critique.begin[0].aside);
  CHECK(search->shown() == 0);
  CHECK(search->ended({.path = 2, .text = "8"}).begin.size() == 1);
  CHECK(search->shown() == 2);
  CHECK(search->ended({.path = 3, .text = "No mistakes."}).begin.empty());
  CHECK(search->shown() == 2);
  const auto other = made("reflect", 3);
  other->ended({.path = 0, .text = "7"});
  other->ended({.path = 1, .text = "hm"});
  CHECK(other->ended({.path = 2, .text = "8 be", .cut = true}).begin.empty());
  CHECK(other->shown() == 0);
}

TEST_CASE("budget forcing: thoughts go on until their budget is used, and are ended then") {
  const auto forced = [](uint32_t n, uint32_t budget) {
    return *make_search({.method = "budget_forcing", .n = n, .budget_tokens = budget});
  };
  using From = PathStart::From;
  const auto search = forced(5, 100);
  CHECK(search->begin()[0].thoughts_only);
  CHECK(search->begin()[0].tokens_max == 100);
  const Verdict early = search->ended({.path = 0, .tokens = 60, .thought = true});
  REQUIRE(early.begin.size() == 1);
  CHECK(early.begin[0].from == From::thoughts);
  CHECK(early.begin[0].tokens_max == 40);
  CHECK(early.begin[0].text.find("Wait") != std::string::npos);
  const Verdict used = search->ended({.path = 1, .tokens = 35, .thought = true});
  REQUIRE(used.begin.size() == 1);
  CHECK(used.begin[0].from == From::answer);
  CHECK(used.begin[0].path == 2);
  CHECK(search->ended({.path = 2, .text = "7", .tokens = 3}).begin.empty());
  CHECK(search->shown() == 2);
  CHECK(forced(5, 100)
            ->ended({.path = 0, .tokens = 100, .cut = true, .thought = true})
            .begin[0]
            .from == From::answer);
  CHECK(forced(2, 0)->ended({.path = 0, .tokens = 1, .thought = true}).begin[0].from ==
        From::answer);
  CHECK(forced(3, 0)->ended({.path = 0, .tokens = 1, .thought = true}).begin[0].tokens_max == 0);
  CHECK(forced(3, 0)->ended({.path = 0, .text = "7"}).begin.empty());  // it did not think
}

TEST_CASE("what is shown does not depend on the order in which paths end") {
  std::mt19937 random(5);
  struct Row {
    const char* method;
    VerifierPointer verifier = nullptr;
  };
  for (const Row& row : {Row{"self_consistency"}, Row{"best_of_n"},
                         Row{"best_of_n", *make_verifier({.name = "arithmetic"})}}) {
    CAPTURE(row.method);
    uint32_t spared = 0;
    for (int world = 0; world < 300; ++world) {
      const auto n = static_cast<uint32_t>(1 + random() % 10);
      std::vector<std::string> texts(n);
      std::vector<PathEnd> ends(n);
      std::vector<uint32_t> order(n);
      for (uint32_t i = 0; i < n; ++i) {
        order[i] = i;
        texts[i] = random() % 4 == 0 ? "?" : fmt::format("1 + 1 = {}", random() % 3);
        ends[i] = {.path = i,
                   .text = texts[i],
                   .logprob_mean = -static_cast<double>(random() % 5),
                   .cut = random() % 5 == 0};
      }
      const auto straight = made(row.method, n, row.verifier);
      const uint32_t expected = run(*straight, ends, order).path;
      std::shuffle(order.begin(), order.end(), random);
      const auto shuffled = made(row.method, n, row.verifier);
      const Shown shown = run(*shuffled, ends, order);
      CHECK(shown.path == expected);
      CHECK(shuffled->verified() == straight->verified());
      spared += n - shown.heard;
    }
    CHECK((row.method == std::string_view("best_of_n") || spared > 30));
  }
}

}  // namespace mill::llm
