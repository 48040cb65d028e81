#include <utility>

#include "service/openai/answer.h"
#include "service/openai/logprobs.h"

namespace mill::openai {
namespace {

class CompletionShape : public Shape {
 public:
  CompletionShape(AnswerHead head, const service::ServedModel& model,
                  std::vector<std::string> echoed, uint32_t n)
      : head_(std::move(head)), model_(model), echoed_(std::move(echoed)), n_(n) {}

  Json whole(const std::vector<Answer>& answers, uint32_t n) const override {
    Json body = frame();
    for (size_t i = 0; i < answers.size(); ++i) {
      const Answer& answer = answers[i];
      size_t offset = 0;
      body["choices"].push_back(
          choice_json(i, echo(i) + answer.text,
                      logprobs({answer.tokens, answer.logprobs, answer.alternatives}, offset),
                      finish_name(answer.finish)));
    }
    body["usage"] = usage_json(answers, n);
    return body;
  }

  Json frame() const override {
    return {{"id", head_.id},
            {"object", "text_completion"},
            {"created", head_.created},
            {"model", head_.model},
            {"system_fingerprint", "tokenmill-" TOKENMILL_VERSION},
            {"choices", Json::array()}};
  }

  Json opening(size_t choice) const override {
    if (echo(choice).empty()) return nullptr;
    return chunk(choice, echo(choice), nullptr, nullptr);
  }

  Json piece(size_t choice, const llm::GenerateEvent& event) override {
    if (event.text.empty() && (!head_.logprobs || event.logprobs.empty())) return nullptr;
    if (offsets_.size() <= choice) offsets_.resize(choice + 1);
    return chunk(choice, event.text,
                 logprobs({event.tokens, event.logprobs, event.alternatives}, offsets_[choice]),
                 nullptr);
  }

  Json closing(size_t choice, llm::FinishReason finish) const override {
    return chunk(choice, "", nullptr, finish_name(finish));
  }

 private:
  std::string echo(size_t choice) const { return echoed_.empty() ? "" : echoed_[choice / n_]; }

  static Json choice_json(size_t choice, std::string text, Json told, Json finish) {
    return {{"index", choice},
            {"text", std::move(text)},
            {"logprobs", std::move(told)},
            {"finish_reason", std::move(finish)}};
  }

  Json chunk(size_t choice, std::string text, Json told, Json finish) const {
    Json body = frame();
    body["choices"].push_back(
        choice_json(choice, std::move(text), std::move(told), std::move(finish)));
    return body;
  }

  Json logprobs(const TokenLists& lists, size_t& offset) const {
    return head_.logprobs ? completion_logprobs(lists, model_, offset) : Json();
  }

  AnswerHead head_;
  const service::ServedModel& model_;
  std::vector<std::string> echoed_;
  uint32_t n_;
  std::vector<size_t> offsets_;  // (choices) characters told with logprobs
};

}  // namespace

std::unique_ptr<Shape> completion_shape(AnswerHead head, const service::ServedModel& model,
                                        std::vector<std::string> echoed, uint32_t n) {
  return std::make_unique<CompletionShape>(std::move(head), model, std::move(echoed), n);
}

}  // namespace mill::openai
