#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>
#include <sstream>

#include "service/inference/paths.h"
#include "service/openai/reasoner.h"

namespace mill::openai {
namespace {

using http::Json;
using testing::Asked;
using testing::Reasoner;
using testing::Recorder;

// What each path came to; which ended first, and so how the votes grew, is chance.
std::set<std::string> paths(const std::string& thoughts) {
  std::set<std::string> all;
  std::istringstream lines(thoughts);
  for (std::string line; std::getline(lines, line);) all.insert(line.substr(0, line.find(" (")));
  return all;
}

const std::string kFive = R"({"method": "self_consistency", "n": 5})";

}  // namespace

TEST_CASE("what most paths come to is shown, as its first path says it, and all tokens count") {
  Reasoner it({"It is 17.", "So it is 18.", "18 it is.", "Who knows?", "#### 18.0"});
  const Asked asked = it.ask(kFive);
  REQUIRE(asked.status == 200);
  CHECK(asked.body["choices"].size() == 1);
  CHECK(asked.text() == "So it is 18.");
  CHECK(asked.body["choices"][0]["finish_reason"] == "stop");
  const std::string thoughts = asked.body["choices"][0]["message"]["reasoning_content"];
  CHECK(thoughts.find("Path 1 of 5: 17") != std::string::npos);
  CHECK(thoughts.find("most come to 18: 3 of ") != std::string::npos);
  const Json usage = asked.body["usage"];
  const int64_t all = usage["completion_tokens"];
  const int64_t hidden = usage["completion_tokens_details"]["reasoning_tokens"];
  CHECK(hidden > 0);
  CHECK(all - hidden < 12);  // bytes of the answer that is shown
  CHECK(all > 12);
  CHECK(usage["prompt_tokens"] == std::string("user:How many?").size());
}

TEST_CASE("a stream says the same, and tells of the paths as they end") {
  Reasoner it({"It is 17.", "So it is 18.", "18 it is."});
  const std::string three = R"({"method": "self_consistency", "n": 3})";
  const Asked whole = it.ask(three);
  const http::Response streamed = it.send(three, {{"stream", true}});
  REQUIRE(streamed.status == 200);
  std::string text, thoughts;
  int chunks = 0;
  for (size_t at = 0; (at = streamed.body.find("data: {", at)) != std::string::npos; ++at) {
    const Json chunk =
        Json::parse(streamed.body.substr(at + 6, streamed.body.find('\n', at) - at - 6));
    const Json& delta = chunk["choices"][0]["delta"];
    if (delta.contains("content")) text += delta["content"].get<std::string>();
    if (delta.contains("reasoning_content"))
      thoughts += delta["reasoning_content"].get<std::string>();
    ++chunks;
  }
  CHECK(text == whole.text());
  CHECK(paths(thoughts) == paths(whole.body["choices"][0]["message"]["reasoning_content"]));
  CHECK(paths(thoughts).size() == 3);
  CHECK(chunks >= 6);  // the opening, three paths, the answer, the end
  CHECK(streamed.body.ends_with("data: [DONE]\n\n"));
}

TEST_CASE("paths that cannot change the answer are stopped") {
  Reasoner it({"7", "7", "7", std::string(4000, 'x'), std::string(4000, 'y')});
  const Asked asked = it.ask(kFive);
  CHECK(asked.text() == "7");
  CHECK(it.server.model->cancels == 2);
  CHECK(asked.body["usage"]["completion_tokens"] < 4000);
}

TEST_CASE("a budget is shared out, and whoever leaves frees all paths") {
  Reasoner it({std::string(4000, 'x')});
  const Asked cut = it.ask(R"({"method": "best_of_n", "n": 4, "budget_tokens": 40})");
  CHECK(cut.body["usage"]["completion_tokens"] == 40);
  CHECK(cut.body["choices"][0]["finish_reason"] == "length");
  it.server.model->token_microseconds = 200;
  for (const char* method : {"self_consistency", "beam_search"}) {
    const auto recorder = std::make_shared<Recorder>();
    const int ended = it.server.model->ended, cancels = it.server.model->cancels;
    it.server.handler({.method = "POST",
                       .path = "/v1/chat/completions",
                       .query = "",
                       .headers = {},
                       .body = fmt::format(R"({{"messages": [{{"role": "user", "content": "a"}}],
                   "reasoning": {{"method": "{}", "n": 4}}}})",
                                           method)},
                      recorder);
    recorder->leave();
    recorder->wait();
    while (it.server.model->ended < ended + 4) std::this_thread::yield();
    CHECK(it.server.model->cancels >= cancels + 4);
  }
}

TEST_CASE("reflect: the answer, what is wrong with it, and a better one in the same conversation") {
  Reasoner it({"It is 7.", "It should be 8.", "It is 8."});
  const Asked asked = it.ask(R"({"method": "reflect"})", {{"temperature", 0}});
  REQUIRE(asked.status == 200);
  CHECK(asked.text() == "It is 8.");
  const std::string thoughts = asked.body["choices"][0]["message"]["reasoning_content"];
  CHECK(thoughts.find("Critique 1: It should be 8.\n") != std::string::npos);
  CHECK_FALSE(asked.body["choices"][0].contains("verified"));
  const std::string& last = it.server.model->prompt;
  CHECK(last.starts_with("user:How many?assistant:It is 7.user:"));
  CHECK(last.find("assistant:It should be 8.user:") != std::string::npos);
  Reasoner content({"It is 7.", "No mistakes.", "It is 8."});
  CHECK(content.ask(R"({"method": "reflect"})").text() == "It is 7.");
  Reasoner tight({std::string(4000, 'x'), "It should be 8.", "It is 8."});
  const Asked cut = tight.ask(R"({"method": "reflect", "budget_tokens": 30})");
  CHECK(cut.body["usage"]["completion_tokens"] == 10);
  CHECK(cut.body["choices"][0]["finish_reason"] == "length");
}

TEST_CASE("budget forcing: thoughts that end too early go on, and those that do not are ended") {
  Reasoner it({"<think>a</think>no", "b</think>no", "It is 5."});
  const Asked asked = it.ask(R"({"method": "budget_forcing"})", {{"temperature", 0}});
  REQUIRE(asked.status == 200);
  CHECK(asked.text() == "It is 5.");
  const std::string thoughts = asked.body["choices"][0]["message"]["reasoning_content"];
  CHECK(thoughts.find("a\nWait,b") != std::string::npos);
  CHECK(it.server.model->prompt.ends_with("\n</think>\n\n"));
  Reasoner endless({"<think>" + std::string(4000, 'x'), "It is 5."});
  const Asked cut = endless.ask(R"({"method": "budget_forcing", "budget_tokens": 20})");
  CHECK(cut.text() == "It is 5.");
  CHECK(cut.body["choices"][0]["finish_reason"] == "stop");
  CHECK(cut.body["usage"]["completion_tokens_details"]["reasoning_tokens"] == 20);
  Reasoner thoughtless({"It is 5."});
  CHECK(thoughtless.ask(R"({"method": "budget_forcing"})").text() == "It is 5.");
}

TEST_CASE(
    "of thoughts that have ended, the mark that ends them is not kept, however it is written") {
  const std::vector<std::string> pieces = {"so", " it", ".</", "thi", "nk>", "</think>", "<end>"};
  const auto kept = [&](const std::vector<TokenId>& tokens, bool ended) {
    return inference::kept_thoughts(tokens, "</think>", ended, [&](std::span<const TokenId> some) {
      std::string text;
      for (const TokenId token : some) text += pieces[static_cast<size_t>(token)];
      return text;
    });
  };
  using Tokens = std::vector<TokenId>;
  CHECK(kept({0, 1, 5}, true).tokens == Tokens{0, 1});
  CHECK(kept({0, 1, 2, 3, 4}, true).tokens == Tokens{0, 1});
  CHECK(kept({0, 1, 2, 3, 4}, true).rest == ".");
  CHECK(kept({0, 1, 6}, true).tokens == Tokens{0, 1});
  CHECK(kept({0, 1}, false).tokens == Tokens{0, 1});
  CHECK(kept({}, true).tokens.empty());
}

TEST_CASE("an answer that was verified says so, and one that was not does, too") {
  const std::string wish = R"({"method": "best_of_n", "n": 3, "verifier": "arithmetic"})";
  Reasoner it({"1 + 1 = 3", "so 1 + 1 = 2", "it is 2"});
  const Asked asked = it.ask(wish);
  CHECK(asked.text() == "so 1 + 1 = 2");
  CHECK(asked.body["choices"][0]["verified"] == true);
  CHECK(it.send(wish, {{"stream", true}}).body.find(R"("verified":true)") != std::string::npos);
  Reasoner mute({"I do not know"});
  const Asked unverified = mute.ask(wish);
  CHECK(unverified.body["choices"][0]["verified"] == false);
  const std::string thoughts = unverified.body["choices"][0]["message"]["reasoning_content"];
  CHECK(thoughts.find("unverified: it calculates nothing") != std::string::npos);
  Reasoner json({R"({"a": "b"})", R"({"a": 1})"});
  CHECK(json.ask(R"({"method": "best_of_n", "n": 2, "verifier": {"type": "json_schema",
          "schema": {"properties": {"a": {"type": "integer"}}}}})")
            .text() == R"({"a": 1})");
}

TEST_CASE("when there is no more time, what has been found is shown") {
  Reasoner it({std::string(4000, 'x')});
  std::atomic<int64_t> seconds = 0;  // one passes whenever somebody looks
  it.server.host->nanoseconds = [&] { return ++seconds * 1'000'000'000; };
  const Asked none = it.ask(R"({"method": "best_of_n", "n": 1, "deadline_ms": 20500})");
  CHECK(none.status == 200);
  CHECK(none.body["choices"][0]["finish_reason"] == "length");
  CHECK(it.server.model->cancels == 1);
  it.server.model->scripts = {"7", std::string(4000, 'x')};  // the first to begin ends at once
  const Asked some = it.ask(R"({"method": "self_consistency", "n": 2, "deadline_ms": 20500})");
  CHECK(some.text() == "7");
  CHECK(some.body["choices"][0]["finish_reason"] == "stop");
}

TEST_CASE("when its joules are used up, what has been found is shown") {
  Reasoner it({"7", std::string(4000, 'x')});  // the first to begin ends at once
  it.server.model->joules_a_token = 0.5;
  it.server.host->measures_energy = true;
  const Asked asked = it.ask(R"({"method": "self_consistency", "n": 2, "budget_joules": 20})");
  CHECK(asked.text() == "7");
  CHECK(asked.body["choices"][0]["finish_reason"] == "stop");
  CHECK(it.server.model->cancels == 1);
  CHECK(asked.body["usage"]["completion_tokens"] >= 40);
  CHECK(asked.body["usage"]["completion_tokens"] < 4000);  // it goes on until it hears of it
}

TEST_CASE("what is wrong with a wish for reasoning is told") {
  Reasoner it({"1"});
  struct Row {
    const char* reasoning;
    Json more;
    const char* complaint;
  };
  const Json tools = Json::parse(R"([{"type": "function", "function": {"name": "f"}}])");
  for (const Row& row : {
           Row{R"({"method": "luck"})", Json::object(), "'self_consistency', 'best_of_n'"},
           Row{R"({"n": 4})", Json::object(), "go with a 'method'"},
           Row{R"({"method": "best_of_n", "n": 0})", Json::object(), "'n' must be"},
           Row{R"({"method": "best_of_n", "m": 4})", Json::object(), "there are effort, method"},
           Row{R"({"method": "best_of_n", "n": 4, "budget_tokens": 3})", Json::object(),
               "not a token for each of 4 paths"},
           Row{"7", Json::object(), "must be an object"},
           Row{R"({"method": "best_of_n", "deadline_ms": 0})", Json::object(),
               "'deadline_ms' must"},
           Row{R"({"method": "best_of_n", "budget_joules": 5})", Json::object(), "--power"},
           Row{R"({"method": "best_of_n", "budget_joules": 0})", Json::object(), "'budget_joules'"},
           Row{R"({"method": "reflect", "n": 2})", Json::object(), "needs an odd n"},
           Row{R"({"method": "reflect", "verifier": "arithmetic"})", Json::object(),
               "asks no verifier"},
           Row{R"({"method": "best_of_n", "verifier": "luck"})", Json::object(),
               "'likelihood', 'arithmetic', 'json_schema', 'http'"},
           Row{R"({"method": "best_of_n", "verifier": "json_schema"})", Json::object(),
               "goes with a 'schema'"},
           Row{R"({"method": "best_of_n", "verifier": 7})", Json::object(), "must be a name"},
           Row{R"({"method": "best_of_n", "verifier": {"type": "http", "url": "http://a/"}})",
               Json::object(), "--verifier-url-prefix"},
           Row{R"({"method": "best_of_n", "verifier": "http"})", Json::object(), "with a 'url'"},
           Row{R"({"method": "budget_forcing"})", {{"reasoning_effort", "none"}}, "thinks aloud"},
           Row{R"({"method": "best_of_n"})", {{"n", 2}}, "has one answer"},
           Row{R"({"method": "best_of_n"})", {{"temperature", 0}}, "temperature above 0"},
           Row{R"({"method": "best_of_n"})", {{"tools", tools}}, "calls no tools"},
           Row{R"({"method": "dvts"})", {{"stop", "a\nb"}}, "may go over the end"},
           Row{R"({"method": "mcts"})",
               {{"response_format", {{"type", "json_object"}}}},
               "goes line by line"},
           Row{R"({"method": "beam_search", "n": 6})", Json::object(), "multiple of 4"},
       }) {
    const Asked refused = it.ask(row.reasoning, row.more);
    CAPTURE(refused.body.dump());
    CHECK(refused.status == 400);
    CHECK(refused.body["error"]["message"].get<std::string>().find(row.complaint) !=
          std::string::npos);
  }
  CHECK(it.ask(R"({"effort": "high"})").status == 200);
}

}  // namespace mill::openai
