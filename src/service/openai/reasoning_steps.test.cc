// Answers that grow step by step, and verifiers that take their time.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <mutex>
#include <thread>

#include "service/openai/reasoner.h"

namespace mill::openai {

using http::Json;
using testing::Asked;
using testing::Reasoner;
using testing::Recorder;

TEST_CASE("beam search: the best line goes on, and the answer is all of its lines") {
  Reasoner it({"1 + 1 = 3\n", "1 + 1 = 2\n", "hm\n", "2 + 2 = 5\n",  // the first step
               "so 3", "so 2", "no", "2 + 1 = 4"});                  // from the second of it
  const std::string wish = R"({"method": "beam_search", "n": 4, "verifier": "arithmetic"})";
  const Asked asked = it.ask(wish);
  REQUIRE(asked.status == 200);
  CHECK(asked.text() == "1 + 1 = 2\nso 2");
  CHECK(asked.body["choices"][0]["verified"] == true);
  CHECK(asked.body["choices"][0]["finish_reason"] == "stop");
  const std::string thoughts = asked.body["choices"][0]["message"]["reasoning_content"];
  CHECK(thoughts.find("Path 2, step 1: right: right so far") != std::string::npos);
  CHECK(thoughts.find("; 4 go on") != std::string::npos);
  const Json usage = asked.body["usage"];
  const int64_t all = usage["completion_tokens"];
  const int64_t hidden = usage["completion_tokens_details"]["reasoning_tokens"];
  CHECK(hidden > 0);
  CHECK(all - hidden > 0);
  CHECK(all - hidden < 15);  // bytes of the answer that is shown
  CHECK(usage["prompt_tokens"] == std::string("user:How many?").size());
  CHECK(it.server.model->prompt.starts_with("user:How many?"));
  CHECK(it.server.model->prompt.size() > std::string("user:How many?").size());
  const std::string streamed = it.send(wish, {{"stream", true}}).body;
  CHECK(streamed.find("so 2") != std::string::npos);
  CHECK(streamed.find(R"("verified":true)") != std::string::npos);
}

TEST_CASE("the other searches over steps show whole answers, too") {
  Reasoner it({"1 + 1 = 3\n", "1 + 1 = 2\n", "hm\n", "2 + 2 = 5\n", "so 3", "so 2", "no", "4"});
  for (const char* method : {"mcts", "dvts"}) {
    const Asked asked =
        it.ask(fmt::format(R"({{"method": "{}", "n": 4, "verifier": "arithmetic"}})", method));
    REQUIRE(asked.status == 200);
    CHECK(asked.text() == "1 + 1 = 2\nso 2");
    CHECK(asked.body["choices"][0]["verified"] == true);
  }
}

TEST_CASE("steps may be thoughts; an answer's limits hold for all of its steps together") {
  Reasoner it({"<think>a\n", "b</think>\n", "It is\n", "5."});
  const Asked asked = it.ask(R"({"method": "beam_search", "n": 1})");
  REQUIRE(asked.status == 200);
  CHECK(asked.text() == "It is\n5.");
  CHECK(asked.body["choices"][0]["message"]["reasoning_content"] == "a\nb");
  CHECK_FALSE(asked.body["choices"][0].contains("verified"));
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "x\n";
  Reasoner endless({lines});
  const Asked cut =
      endless.ask(R"({"method": "beam_search", "n": 1})", {{"max_completion_tokens", 7}});
  CHECK(cut.body["usage"]["completion_tokens"] == 7);
  CHECK(cut.body["choices"][0]["finish_reason"] == "length");
  Reasoner long_line({std::string(4000, 'x')});
  for (const char* method : {"beam_search", "dvts", "mcts"}) {
    const Asked spent =
        long_line.ask(fmt::format(R"({{"method": "{}", "n": 4, "budget_tokens": 40}})", method));
    CHECK(spent.body["usage"]["completion_tokens"] == 40);
    CHECK(spent.body["choices"][0]["finish_reason"] == "length");
  }
}

namespace {

// Whoever is asked outside answers on a thread of its own.
struct Oracle : llm::Courier {
  std::function<Result<std::string>(const Json&)> says;
  std::mutex mutex;
  std::vector<std::thread> threads;
  std::atomic<bool> busy{false};

  ~Oracle() override { close(); }
  Result<void> allows(std::string_view url) const override {
    if (url.starts_with("http://ok/")) return {};
    return fail(ErrorKind::invalid, "not there");
  }
  Result<void> carry(Question question, Told told) override {
    if (busy) return fail(ErrorKind::exhausted, "too many wait");
    const std::lock_guard lock(mutex);
    threads.emplace_back([this, question = std::move(question), told = std::move(told)] {
      told(says(Json::parse(question.body)));
    });
    return {};
  }
  void close() override {  // its threads may begin others
    while (true) {
      std::vector<std::thread> ending;
      {
        const std::lock_guard lock(mutex);
        ending.swap(threads);
      }
      if (ending.empty()) return;
      for (std::thread& it : ending) it.join();
    }
  }
};

const std::string kHttp = R"("verifier": {"type": "http", "url": "http://ok/check"})";

}  // namespace

TEST_CASE("a verifier elsewhere is asked, and waited for; one that fails leaves it unverified") {
  Reasoner it({"7", "8", "9"});
  const auto oracle = std::make_shared<Oracle>();
  it.server.host->courier = oracle;
  const std::string wish = R"({"method": "best_of_n", "n": 3, )" + kHttp + "}";
  oracle->says = [](const Json& asked) -> Result<std::string> {
    const bool right = asked["answer"] == "8" && asked["prompt"] == "How many?" && asked["whole"];
    return fmt::format(R"({{"verdict": "{}"}})", right ? "right" : "wrong");
  };
  const Asked asked = it.ask(wish);
  CHECK(asked.text() == "8");
  CHECK(asked.body["choices"][0]["verified"] == true);
  oracle->says = [](const Json&) -> Result<std::string> { return std::string("lies"); };
  const Asked lied = it.ask(wish);
  CHECK(lied.body["choices"][0]["verified"] == false);
  const std::string thoughts = lied.body["choices"][0]["message"]["reasoning_content"];
  CHECK(thoughts.find("unverified: the verifier's answer is no JSON object") != std::string::npos);
  oracle->says = [](const Json&) -> Result<std::string> { return fail(ErrorKind::io, "down"); };
  CHECK(it.ask(wish).body["choices"][0]["verified"] == false);
  oracle->busy = true;
  CHECK(it.ask(wish).body["choices"][0]["verified"] == false);
}

TEST_CASE("it is asked after every step, too, and whoever leaves meanwhile begins nothing more") {
  Reasoner it({"a\n", "b\n", "c\n", "d\n", "e", "f", "g", "h"});
  const auto oracle = std::make_shared<Oracle>();
  it.server.host->courier = oracle;
  const std::string wish = R"({"method": "beam_search", "n": 4, )" + kHttp + "}";
  oracle->says = [](const Json& asked) -> Result<std::string> {
    const std::string answer = asked["answer"];
    return fmt::format(R"({{"score": {}}})", answer == "c\n" || answer == "c\nf" ? 1 : 0);
  };
  const Asked asked = it.ask(wish);
  CHECK(asked.text() == "c\nf");
  CHECK(asked.body["choices"][0]["verified"] == false);
  std::atomic<bool> go{false};
  oracle->says = [&](const Json&) -> Result<std::string> {
    while (!go) std::this_thread::yield();
    return std::string(R"({"score": 1})");
  };
  const int ended = it.server.model->ended;
  const auto recorder = std::make_shared<Recorder>();
  it.server.handler(
      {.method = "POST",
       .path = "/v1/chat/completions",
       .query = "",
       .headers = {},
       .body = R"({"messages": [{"role": "user", "content": "a"}], "reasoning": )" + wish + "}"},
      recorder);
  while (it.server.model->ended < ended + 4) std::this_thread::yield();
  recorder->leave();
  go = true;
  recorder->wait();
  oracle->close();
  CHECK(it.server.model->ended == ended + 4);
}

}  // namespace mill::openai
