#include <utility>

#include "service/openai/answer.h"
#include "service/openai/logprobs.h"

namespace mill::openai {
namespace {

class ChatShape : public Shape {
 public:
  ChatShape(AnswerHead head, const service::ServedModel& model)
      : head_(std::move(head)), model_(model) {}

  Json whole(const std::vector<Answer>& answers, uint32_t n) const override {
    Json body = envelope("chat.completion");
    for (size_t i = 0; i < answers.size(); ++i) {
      body["choices"].push_back(
          {{"index", i},
           {"message", {{"role", "assistant"}, {"content", answers[i].text}, {"refusal", nullptr}}},
           {"logprobs",
            logprobs({answers[i].tokens, answers[i].logprobs, answers[i].alternatives})},
           {"finish_reason", finish_name(answers[i].finish)}});
    }
    body["usage"] = usage_json(answers, n);
    return body;
  }

  Json frame() const override { return envelope("chat.completion.chunk"); }

  Json opening(size_t choice) const override {
    return chunk(choice, {{"role", "assistant"}, {"content", ""}}, nullptr, nullptr);
  }

  Json piece(size_t choice, const llm::GenerateEvent& event) override {
    if (event.text.empty() && (!head_.logprobs || event.logprobs.empty())) return nullptr;
    return chunk(choice, {{"content", event.text}},
                 logprobs({event.tokens, event.logprobs, event.alternatives}), nullptr);
  }

  Json closing(size_t choice, llm::FinishReason finish) const override {
    return chunk(choice, Json::object(), nullptr, finish_name(finish));
  }

 private:
  Json envelope(const char* object) const {
    return {{"id", head_.id},
            {"object", object},
            {"created", head_.created},
            {"model", head_.model},
            {"system_fingerprint", "tokenmill-" TOKENMILL_VERSION},
            {"choices", Json::array()}};
  }

  Json chunk(size_t choice, Json delta, Json told, Json finish) const {
    Json body = frame();
    body["choices"].push_back({{"index", choice},
                               {"delta", std::move(delta)},
                               {"logprobs", std::move(told)},
                               {"finish_reason", std::move(finish)}});
    return body;
  }

  Json logprobs(const TokenLists& lists) const {
    return head_.logprobs ? chat_logprobs(lists, model_) : Json();
  }

  AnswerHead head_;
  const service::ServedModel& model_;
};

}  // namespace

std::unique_ptr<Shape> chat_shape(AnswerHead head, const service::ServedModel& model) {
  return std::make_unique<ChatShape>(std::move(head), model);
}

}  // namespace mill::openai
