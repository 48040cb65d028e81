#include <utility>

#include "service/openai/logprobs.h"
#include "service/openai/shapes.h"

namespace mill::openai {
namespace {

using inference::Answer;
using inference::Piece;

class CompletionShape : public ChunkShape {
 public:
  CompletionShape(AnswerHead head, const service::ServedModel& model,
                  std::vector<std::string> echoed)
      : ChunkShape(std::move(head), model), echoed_(std::move(echoed)) {}

  http::Response whole(std::span<const Answer> answers) override {
    Json body = frame();
    for (size_t i = 0; i < answers.size(); ++i) {
      const Answer& answer = answers[i];
      size_t offset = 0;
      body["choices"].push_back(
          choice_json(i, echo(i) + answer.text,
                      logprobs({answer.tokens, answer.logprobs, answer.alternatives}, offset),
                      finish_name(answer.finish)));
    }
    body["usage"] = usage(answers);
    return http::json_response(body);
  }

  std::string opening(std::span<const Answer> answers) override {
    offsets_.resize(answers.size());
    std::string out;
    for (size_t i = 0; i < answers.size(); ++i) {
      if (!echo(i).empty()) out += sent(choice_json(i, echo(i), nullptr, nullptr));
    }
    return out;
  }

  std::string piece(size_t choice, const Piece& piece) override {
    std::string text;
    for (const inference::Told& told : piece.told) text += told.text;
    const llm::GenerateEvent& event = piece.event;
    if (text.empty() && (!head_.logprobs || event.logprobs.empty())) return {};
    Json told = logprobs({event.tokens, event.logprobs, event.alternatives}, offsets_[choice]);
    return sent(choice_json(choice, std::move(text), std::move(told), nullptr));
  }

  std::string closing(size_t choice, const Answer& answer) override {
    return sent(choice_json(choice, "", nullptr, finish_name(answer.finish)));
  }

 private:
  Json frame() const override { return envelope("text_completion"); }
  std::string echo(size_t choice) const { return echoed_.empty() ? "" : echoed_[choice / head_.n]; }

  static Json choice_json(size_t choice, std::string text, Json told, Json finish) {
    return {{"index", choice},
            {"text", std::move(text)},
            {"logprobs", std::move(told)},
            {"finish_reason", std::move(finish)}};
  }

  Json logprobs(const TokenLists& lists, size_t& offset) const {
    return head_.logprobs ? completion_logprobs(lists, model_, offset) : Json();
  }

  std::vector<std::string> echoed_;
  std::vector<size_t> offsets_;  // (choices) characters told with logprobs
};

}  // namespace

std::unique_ptr<inference::Shape> completion_shape(AnswerHead head,
                                                   const service::ServedModel& model,
                                                   std::vector<std::string> echoed) {
  return std::make_unique<CompletionShape>(std::move(head), model, std::move(echoed));
}

}  // namespace mill::openai
