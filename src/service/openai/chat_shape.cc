#include <optional>
#include <utility>

#include "service/openai/logprobs.h"
#include "service/openai/shapes.h"

namespace mill::openai {
namespace {

using dialect::OutputKind;
using inference::Answer;
using inference::Piece;
using inference::Told;
using inference::ToolCall;

Json call_json(const ToolCall& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

// A message that only calls has no content.
Json message_json(const Answer& answer) {
  Json message = {{"role", "assistant"}, {"content", answer.text}, {"refusal", nullptr}};
  if (answer.text.empty() && !answer.calls.empty()) message["content"] = nullptr;
  if (!answer.thinking.empty()) message["reasoning_content"] = answer.thinking;
  for (const ToolCall& call : answer.calls) message["tool_calls"].push_back(call_json(call));
  return message;
}

// One event as OpenAI streams it: of a call, its id and name come first, its arguments after them.
Json delta_json(const Told& told, const Answer& answer) {
  switch (told.kind) {
    case OutputKind::thinking:
      return {{"reasoning_content", told.text}};
    case OutputKind::text:
      return {{"content", told.text}};
    case OutputKind::call_begin: {
      Json call = call_json(answer.calls[told.call]);
      call["index"] = told.call;
      call["function"] = {{"name", told.text}, {"arguments", ""}};
      return {{"tool_calls", Json::array({std::move(call)})}};
    }
    case OutputKind::arguments: {
      const Json call = {{"index", told.call}, {"function", {{"arguments", told.text}}}};
      return {{"tool_calls", Json::array({call})}};
    }
    case OutputKind::call_end:
      return nullptr;
  }
  return nullptr;
}

class ChatShape : public ChunkShape {
 public:
  using ChunkShape::ChunkShape;

  http::Response whole(std::span<const Answer> answers) override {
    Json body = envelope("chat.completion");
    for (size_t i = 0; i < answers.size(); ++i) {
      body["choices"].push_back({{"index", i},
                                 {"message", message_json(answers[i])},
                                 {"logprobs", logprobs({answers[i].tokens, answers[i].logprobs,
                                                        answers[i].alternatives})},
                                 {"finish_reason", finish_name(answers[i].finish)}});
      if (answers[i].verified) body["choices"].back()["verified"] = *answers[i].verified;
    }
    body["usage"] = usage(answers);
    return http::json_response(body);
  }

  std::string opening(std::span<const Answer> answers) override {
    std::string out;
    for (size_t i = 0; i < answers.size(); ++i)
      out += chunk(i, {{"role", "assistant"}, {"content", ""}}, nullptr, nullptr);
    return out;
  }

  // The tokens' logprobs go with the first chunk that they have made, or alone.
  std::string piece(size_t choice, const Piece& piece) override {
    Json told = nullptr;
    if (head_.logprobs && !piece.event.logprobs.empty())
      told = logprobs({piece.event.tokens, piece.event.logprobs, piece.event.alternatives});
    std::string out;
    for (const Told& event : piece.told) {
      Json delta = delta_json(event, piece.answer);
      if (!delta.is_null())
        out += chunk(choice, std::move(delta), std::exchange(told, nullptr), nullptr);
    }
    if (!told.is_null()) out += chunk(choice, {{"content", ""}}, std::move(told), nullptr);
    return out;
  }

  std::string closing(size_t choice, const Answer& answer) override {
    return chunk(choice, Json::object(), nullptr, finish_name(answer.finish), answer.verified);
  }

 private:
  Json frame() const override { return envelope("chat.completion.chunk"); }

  std::string chunk(size_t choice, Json delta, Json told, Json finish,
                    std::optional<bool> verified = {}) const {
    Json one = {{"index", choice},
                {"delta", std::move(delta)},
                {"logprobs", std::move(told)},
                {"finish_reason", std::move(finish)}};
    if (verified) one["verified"] = *verified;
    return sent(std::move(one));
  }

  Json logprobs(const TokenLists& lists) const {
    return head_.logprobs ? chat_logprobs(lists, model_) : Json();
  }
};

}  // namespace

std::unique_ptr<inference::Shape> chat_shape(AnswerHead head, const service::ServedModel& model) {
  return std::make_unique<ChatShape>(std::move(head), model);
}

}  // namespace mill::openai
