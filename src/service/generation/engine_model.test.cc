#include "service/generation/engine_model.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "llm/fake_runner.h"
#include "service/generation/choices.h"

namespace mill::service {
namespace {

// Ten letters, each a token, and two control tokens.
constexpr const char* kTokenizer = R"({
  "added_tokens": [
    {"id": 10, "content": "<s>", "special": true},
    {"id": 11, "content": "</s>", "special": true}],
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
  "decoder": {"type": "ByteLevel"},
  "model": {"type": "BPE", "merges": [], "vocab": {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4, "f": 5,
            "g": 6, "h": 7, "i": 8, "j": 9, "<s>": 10, "</s>": 11}}})";

Tokenizer small_tokenizer() {
  const auto path = std::filesystem::path(TOKENMILL_BINARY_DIR) / "engine_model_tokenizer.json";
  std::ofstream(path) << kTokenizer;
  auto opened = Tokenizer::from_json(path);
  REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
  return *opened;
}

EngineModel model_with(const char* chat_template) {
  auto runner = std::make_unique<llm::FakeRunner>(llm::FakeShape{.vocab = 12});
  return EngineModel({.id = "small",
                      .created = 1,
                      .engine = std::make_unique<llm::Engine>(std::move(runner), small_tokenizer(),
                                                              llm::EngineOptions{}),
                      .chat_template = ChatTemplate::compile(chat_template)});
}

// The texts and reasons of some choices, once all of them are over.
struct Collected {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> texts;
  std::vector<llm::FinishReason> reasons;
  bool over = false;

  Choices::Listener listener(size_t choices) {
    texts.resize(choices);
    reasons.resize(choices);
    return {.event =
                [this](size_t choice, llm::GenerateEvent&& event) {
                  texts[choice] += event.text;
                  reasons[choice] = event.finish;
                },
            .done =
                [this] {
                  const std::lock_guard lock(mutex);
                  over = true;
                  changed.notify_all();
                }};
  }
  void wait() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return over; });
  }
};

llm::GenerateRequest request(uint64_t seed, uint32_t tokens_max) {
  return {.prompt = {0, 1, 2},
          .tokens_max = tokens_max,
          .sampling = {.seed = seed},
          .ignore_end = true};
}

}  // namespace

TEST_CASE("conversations become prompts by the model's own template") {
  const EngineModel model = model_with("{% for m in messages %}{{ m.content }}{% endfor %}");
  CHECK(model.info().id == "small");
  CHECK(model.info().vocab_size == 12);
  CHECK(model.info().context_max == 192);
  const auto text = model.render({{"messages", {{{"content", "ab"}}, {{"content", "c"}}}}});
  REQUIRE(text.has_value());
  CHECK(*text == "abc");
  CHECK(model.encode(*text, {.add_special = false}) == std::vector<TokenId>{0, 1, 2});
  CHECK(model.decode(std::vector<TokenId>{10, 9, 11}) == "<s>j</s>");
}

TEST_CASE("a template that does not compile is the answer to whoever wants a conversation") {
  const EngineModel model = model_with("{% if %}");
  const auto text = model.render({{"messages", nlohmann::ordered_json::array()}});
  REQUIRE_FALSE(text.has_value());
  CHECK(text.error().message.find("line 1") != std::string::npos);
}

TEST_CASE("several generations at once say what each says alone") {
  EngineModel model = model_with("");
  Collected together;
  REQUIRE(Choices::start(model, {request(1, 20), request(2, 30), request(3, 40)},
                         together.listener(3)));
  together.wait();
  for (uint32_t i = 0; i < 3; ++i) {
    Collected alone;
    REQUIRE(Choices::start(model, {request(i + 1, 20 + 10 * i)}, alone.listener(1)));
    alone.wait();
    CHECK(alone.texts[0] == together.texts[i]);
    CHECK(alone.reasons[0] == llm::FinishReason::length);
  }
}

TEST_CASE("one that is refused takes the others with it, and a cancel ends all") {
  EngineModel model = model_with("");
  Collected nothing;
  llm::GenerateRequest too_long = request(1, 5);
  too_long.prompt.resize(500);
  const auto refused = Choices::start(model, {request(1, 5), too_long}, nothing.listener(2));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::invalid);
  Collected cancelled;
  const auto choices = Choices::start(model, {request(1, 0), request(2, 0)}, cancelled.listener(2));
  REQUIRE(choices.has_value());
  (*choices)->cancel();
  cancelled.wait();
  for (const llm::FinishReason reason : cancelled.reasons) CHECK(reason != llm::FinishReason::none);
  CHECK_FALSE(nothing.over);
}

}  // namespace mill::service
