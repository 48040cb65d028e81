#include "service/messages/messages_shape.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "service/http/json_body.h"

namespace mill::messages {
namespace {

using dialect::OutputKind;
using http::Json;
using inference::Answer;
using inference::Finish;
using inference::Piece;
using inference::Told;

constexpr int kOverloaded = 529;

int status_of(const http::Problem& problem) {
  return problem.status == 503 ? kOverloaded : problem.status;
}

const char* error_type(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case kOverloaded:
      return "overloaded_error";
    default:
      return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

Json error_json(const http::Problem& problem) {
  return {{"type", "error"},
          {"error", {{"type", error_type(status_of(problem))}, {"message", problem.message}}}};
}

// What a call has said, as an object; a call that was cut short has said nothing yet.
Json input_of(const inference::ToolCall& call) {
  Json input = call.whole ? Json::parse(call.arguments, nullptr, false) : Json::object();
  return input.is_object() ? input : Json::object();
}

std::string event_text(const char* name, Json data) {
  Json full = {{"type", name}};
  full.update(data);
  return fmt::format("event: {}\ndata: {}\n\n", name, http::json_text(full));
}

class MessageShape : public inference::Shape {
 public:
  MessageShape(MessageHead head, const service::ServedModel& model)
      : head_(std::move(head)), model_(model) {}

  http::Response whole(std::span<const Answer> answers) override {
    const Answer& answer = answers.front();
    Json message = envelope(answer, answer.generated_tokens);
    for (const inference::Block& block : answer.blocks) {
      Json shown = block_json(block.kind, answer, block.call);
      if (block.kind == OutputKind::call_begin) {
        shown["input"] = input_of(answer.calls[block.call]);
      } else {
        shown[block.kind == OutputKind::text ? "text" : "thinking"] = block.text;
      }
      message["content"].push_back(std::move(shown));
    }
    message.update(stop_of(answer));
    return http::json_response(message);
  }
  http::Response refusal(const http::Problem& problem) const override {
    return refusal_of(problem);
  }

  std::string opening(std::span<const Answer> answers) override {
    return event_text("message_start", {{"message", envelope(answers.front(), 0)}});
  }

  std::string piece(size_t, const Piece& piece) override {
    std::string out;
    for (const Told& told : piece.told) {
      const bool starts = told.kind == OutputKind::call_begin;
      const bool goes_on = open_ == told.kind || told.kind == OutputKind::arguments;
      if (told.kind == OutputKind::call_end) continue;
      if (starts || !goes_on) {
        out += close_block();
        open_ = told.kind;
        out += event_text("content_block_start",
                          {{"index", blocks_},
                           {"content_block", block_json(told.kind, piece.answer, told.call)}});
      }
      if (!starts) out += delta(told);
    }
    return out;
  }

  std::string closing(size_t, const Answer& answer) override {
    return close_block() +
           event_text("message_delta", {{"delta", stop_of(answer)},
                                        {"usage", {{"output_tokens", answer.generated_tokens}}}}) +
           event_text("message_stop", Json::object());
  }
  std::string ending(std::span<const Answer>) override { return {}; }
  std::string broken(const http::Problem& problem) override {
    return fmt::format("event: error\ndata: {}\n\n", http::json_text(error_json(problem)));
  }

 private:
  Json envelope(const Answer& answer, uint32_t generated) const {
    return {{"id", head_.id},
            {"type", "message"},
            {"role", "assistant"},
            {"model", head_.model},
            {"content", Json::array()},
            {"stop_reason", nullptr},
            {"stop_sequence", nullptr},
            {"usage",
             {{"input_tokens", answer.prompt_tokens - answer.cached_tokens},
              {"cache_creation_input_tokens", 0},
              {"cache_read_input_tokens", answer.cached_tokens},
              {"output_tokens", generated}}}};
  }

  static Json block_json(OutputKind kind, const Answer& answer, size_t call) {
    if (kind == OutputKind::text) return {{"type", "text"}, {"text", ""}};
    if (kind == OutputKind::thinking)
      return {{"type", "thinking"}, {"thinking", ""}, {"signature", ""}};
    const inference::ToolCall& told = answer.calls[call];
    return {{"type", "tool_use"}, {"id", told.id}, {"name", told.name}, {"input", Json::object()}};
  }

  std::string delta(const Told& told) const {
    const char* type = "input_json_delta";
    const char* member = "partial_json";
    if (told.kind == OutputKind::text) type = "text_delta", member = "text";
    if (told.kind == OutputKind::thinking) type = "thinking_delta", member = "thinking";
    return event_text("content_block_delta",
                      {{"index", blocks_}, {"delta", {{"type", type}, {member, told.text}}}});
  }

  std::string close_block() {
    if (!open_) return {};
    open_.reset();
    return event_text("content_block_stop", {{"index", blocks_++}});
  }

  // Which stop sequence it was is found in the tokens, which hold it, too.
  Json stop_of(const Answer& answer) const {
    if (answer.finish == Finish::length)
      return {{"stop_reason", "max_tokens"}, {"stop_sequence", nullptr}};
    if (answer.finish == Finish::tool_calls)
      return {{"stop_reason", "tool_use"}, {"stop_sequence", nullptr}};
    const std::string all = head_.stops.empty() ? "" : model_.decode(answer.tokens);
    size_t first = all.size();
    const std::string* found = nullptr;
    for (const std::string& stop : head_.stops) {
      const size_t at = all.find(stop);
      if (at < first) first = at, found = &stop;
    }
    if (found == nullptr) return {{"stop_reason", "end_turn"}, {"stop_sequence", nullptr}};
    return {{"stop_reason", "stop_sequence"}, {"stop_sequence", *found}};
  }

  MessageHead head_;
  const service::ServedModel& model_;
  std::optional<OutputKind> open_;  // what the block under way is of
  size_t blocks_ = 0;               // that are over
};

}  // namespace

http::Response refusal_of(const http::Problem& problem) {
  http::Problem as_told = problem;
  as_told.status = status_of(problem);
  as_told.retry_after =
      problem.status == 503 ? std::max<int64_t>(1, problem.retry_after) : problem.retry_after;
  return http::refused(as_told, error_json(problem));
}

std::unique_ptr<inference::Shape> message_shape(MessageHead head,
                                                const service::ServedModel& model) {
  return std::make_unique<MessageShape>(std::move(head), model);
}

}  // namespace mill::messages
