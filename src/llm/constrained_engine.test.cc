// The engine under grammars: whatever the model prefers, alone or among others.

#include <doctest/doctest.h>

#include "data/grammar/spec.h"
#include "llm/engine_core.h"
#include "llm/fake_runner.h"

namespace mill::llm {
namespace {

constexpr uint32_t kVocab = 300;

// Token 0 ends the answer; the others are the bytes, and a few words of JSON.
Vocabulary byte_vocabulary() {
  return {.piece = [](TokenId token) -> std::string {
            static const std::vector<std::string> words = {"{\"", "\":", "true", "[[", "},", "\"é"};
            if (token == 0) return "";
            const auto byte = static_cast<size_t>(token) - 1;
            if (byte < 256) return std::string(1, static_cast<char>(byte));
            return byte - 256 < words.size() ? words[byte - 256] : "";
          },
          .ends_generation = [](TokenId token) { return token == 0; }};
}

// <b> is one of its control tokens.
constexpr TokenId kOpen = 290;

Vocabulary vocabulary_with_control() {
  Vocabulary out = byte_vocabulary();
  out.spelling = [piece = out.piece](TokenId token) {
    return token == kOpen ? "<b>" : piece(token);
  };
  return out;
}

GenerateRequest request_for(const grammar::Spec& spec, uint64_t seed, uint32_t tokens_max) {
  GenerateRequest request;
  request.prompt = {1, 2, static_cast<TokenId>(3 + seed % 50)};
  request.tokens_max = tokens_max;
  request.sampling.seed = seed;
  request.sampling.temperature = seed % 3 == 0 ? 0.0F : 1.0F;
  request.grammar = *grammar::compile(spec);
  return request;
}

struct Answer {
  std::string text;
  FinishReason finish = FinishReason::none;
  std::string error;
};

struct How {
  uint32_t memory = 0;  // of FakeShape
  Speculation speculation = Speculation::lookup;
  uint64_t* accepted = nullptr;  // counted here, where it is given
};

std::vector<Answer> answers_to(std::vector<GenerateRequest> requests, const How& how = {}) {
  FakeRunner runner(
      {.vocab = kVocab, .context = 192, .blocks = 64, .batch_tokens = 96, .memory = how.memory});
  EngineCore core(runner, vocabulary_with_control(), {.speculation = how.speculation});
  std::vector<Answer> answers(requests.size());
  for (size_t i = 0; i < requests.size(); ++i)
    core.add(i + 1, std::move(requests[i]), [&answers, i](GenerateEvent&& event) {
      answers[i].text += event.text;
      answers[i].finish = event.finish;
      answers[i].error = event.error.message;
    });
  while (core.step()) continue;
  if (how.accepted != nullptr) *how.accepted += core.stats().accepted_tokens;
  return answers;
}

TEST_CASE("answers under a grammar are texts of it, and do not depend on the company") {
  const grammar::Spec spec = grammar::json_schema(grammar::Json::parse(R"({"type": "object",
      "properties": {"a": {"type": "string"}, "b": {"type": "array", "items": {"type": "boolean"}}},
      "required": ["a"]})"));
  std::vector<GenerateRequest> requests;
  for (uint64_t seed = 0; seed < 12; ++seed) requests.push_back(request_for(spec, seed, 60));
  const std::vector<Answer> together = answers_to(requests);
  for (size_t i = 0; i < requests.size(); ++i) {
    CAPTURE(i);
    const auto value = grammar::Json::parse(together[i].text, nullptr, false);
    REQUIRE_MESSAGE(value.is_object(), together[i].text);
    CHECK(value["a"].is_string());
    CHECK(together[i].finish == FinishReason::stop);
    CHECK(answers_to({requests[i]})[0].text == together[i].text);
  }
}

TEST_CASE("guesses change nothing under a grammar, or where thoughts are cut short") {
  uint64_t accepted = 0;
  for (uint64_t seed = 0; seed < 24; ++seed) {
    CAPTURE(seed);
    GenerateRequest request = request_for(grammar::literal("x"), seed, 120);
    request.grammar = *grammar::compile(grammar::json_schema(
        grammar::Json::parse(R"({"type": "array", "items": {"type": "boolean"}})")));
    request.sampling.logit_bias = {{259, 20}, {45, 20}};  // true, and a comma
    if (seed % 2 == 1) request.grammar = {};
    if (seed % 4 == 1) request.thoughts = {.closing = {40, 41, 42}, .tokens_max = 25, .grace = 5};
    const Answer plain = answers_to({request}, {.memory = 1, .speculation = Speculation::off})[0];
    const Answer guessed = answers_to({request}, {.memory = 1, .accepted = &accepted})[0];
    CHECK(guessed.text == plain.text);
    CHECK(guessed.finish == plain.finish);
  }
  CHECK(accepted > 100);
}

// Free text, and lists of booleans in <b> … </b>.
GenerateRequest lazy_request(uint64_t seed, float opens) {
  const grammar::Spec list = grammar::json_schema(
      grammar::Json::parse(R"({"type": "array", "items": {"type": "boolean"}, "minItems": 2})"));
  const grammar::Spec region = grammar::sequence(
      {grammar::literal("<b>"), list, grammar::literal("</b>"), grammar::until({"<b>"})});
  GenerateRequest request = request_for(
      grammar::sequence({grammar::until({"<b>"}), grammar::repeated(region, 0, grammar::kForever)}),
      seed, 100);
  request.lazy = true;
  request.shown = {kOpen};
  request.sampling.logit_bias = {{0, -20}, {kOpen, opens}};  // it does not want to end
  return request;
}

// Every list is one, but the last may be cut short.
size_t check_lists(const Answer& answer) {
  size_t lists = 0;
  for (size_t at = answer.text.find("<b>"); at != std::string::npos;
       at = answer.text.find("<b>", at)) {
    at += 3;
    const size_t end = answer.text.find("</b>", at);
    if (end == std::string::npos) {
      CHECK(answer.finish == FinishReason::length);
      return lists;
    }
    const auto list = grammar::Json::parse(answer.text.substr(at, end - at), nullptr, false);
    REQUIRE_MESSAGE(list.is_array(), answer.text);
    CHECK(list.size() >= 2);
    ++lists;
  }
  return lists;
}

TEST_CASE("what a lazy grammar leaves free is what it would be without one") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    GenerateRequest request = lazy_request(seed, -1000);
    const Answer under = answers_to({request})[0];
    request.grammar = {};
    const Answer without = answers_to({request})[0];
    CHECK(under.text == without.text);
    CHECK(under.finish == FinishReason::length);
    CHECK(without.finish == FinishReason::length);
  }
}

TEST_CASE("under a lazy grammar what has been opened is kept to, alone and among others") {
  std::vector<GenerateRequest> requests;
  for (uint64_t seed = 0; seed < 16; ++seed) requests.push_back(lazy_request(seed, 6));
  const std::vector<Answer> together = answers_to(requests, {.memory = 1});
  size_t lists = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    CAPTURE(together[i].text);
    CHECK(together[i].error == "");
    lists += check_lists(together[i]);
    const How plain{.memory = 1, .speculation = Speculation::off};
    CHECK(answers_to({requests[i]}, plain)[0].text == together[i].text);
  }
  CHECK(lists > 8);
}

TEST_CASE("a stop string is one in free text, and none in what is kept to") {
  size_t lists = 0, words = 0;
  for (uint64_t seed = 0; seed < 16; ++seed) {
    GenerateRequest request = lazy_request(seed, 6);
    request.stop = {"true", "<b>["};
    const Answer answer = answers_to({request})[0];
    CAPTURE(answer.text);
    lists += check_lists(answer);
    words += answer.text.contains("true") ? 1 : 0;
  }
  CHECK(lists > 8);
  CHECK(words > 4);
  GenerateRequest request = lazy_request(3, -1000);
  const std::string text = answers_to({request})[0].text;
  request.stop = {text.substr(text.size() / 2, 2)};
  const Answer stopped = answers_to({request})[0];
  CHECK(stopped.text == text.substr(0, text.find(request.stop[0])));
  CHECK(stopped.finish == FinishReason::stop);
}

TEST_CASE("thoughts that are closed by their limit go through a lazy grammar") {
  GenerateRequest request = lazy_request(3, -1000);
  request.thoughts = {.close = "-", .closing = {'-' + 1, kOpen}, .tokens_max = 10, .grace = 2};
  const Answer answer = answers_to({request})[0];
  CHECK(answer.error == "");
  CHECK(answer.text.contains("-<b>["));
}

TEST_CASE("an answer that can only be one thing is it, and ends by itself") {
  const Answer answer = answers_to({request_for(grammar::literal("true, [[!"), 5, 100)})[0];
  CHECK(answer.text == "true, [[!");
  CHECK(answer.finish == FinishReason::stop);
}

TEST_CASE("a limit below the shortest answer is a limit") {
  const Answer answer = answers_to({request_for(grammar::literal("abcdef"), 5, 3)})[0];
  CHECK(answer.text == "abc");
  CHECK(answer.finish == FinishReason::length);
}

TEST_CASE("what the vocabulary cannot spell is an error that says so") {
  FakeRunner runner({.vocab = 64, .context = 192, .blocks = 64, .batch_tokens = 96});
  EngineCore core(runner, fake_vocabulary(), {});
  std::vector<GenerateEvent> events;
  core.add(1, request_for(grammar::literal("\t"), 1, 5),
           [&](GenerateEvent&& event) { events.push_back(std::move(event)); });
  while (core.step()) continue;
  REQUIRE(events.size() == 1);
  CHECK(events[0].finish == FinishReason::error);
  CHECK(events[0].error.message.find("cannot be spelled with this model's tokens") !=
        std::string::npos);
}

TEST_CASE("going on past the end does not go with a grammar") {
  GenerateRequest request = request_for(grammar::literal("x"), 1, 5);
  request.ignore_end = true;
  CHECK(!validate(request, {.vocab = kVocab, .context = 192}));
}

}  // namespace
}  // namespace mill::llm
