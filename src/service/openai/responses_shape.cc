#include "service/openai/responses_shape.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace mill::openai {
namespace {

using dialect::OutputKind;
using inference::Answer;
using inference::Block;
using inference::Piece;
using inference::Told;

Json text_part(const std::string& text) {
  return {{"type", "output_text"},
          {"text", text},
          {"annotations", Json::array()},
          {"logprobs", Json::array()}};
}

// The n-th item of a response; `text` is "" and there are no arguments while it is being written.
struct Item {
  const ResponseHead& head;
  size_t index;
  const char* status;
  std::string id(const char* prefix) const {
    return fmt::format("{}_{}{:02}", prefix, head.key, index);
  }
};

Json message_item(const Item& item, const Json& content) {
  return {{"id", item.id("msg")},
          {"type", "message"},
          {"status", item.status},
          {"role", "assistant"},
          {"content", content}};
}

Json reasoning_item(const Item& item, const Json& content) {
  return {{"id", item.id("rs")},
          {"type", "reasoning"},
          {"status", item.status},
          {"summary", Json::array()},
          {"content", content}};
}

Json call_item(const Item& item, const inference::ToolCall& call, const std::string& arguments) {
  return {{"id", item.id("fc")}, {"type", "function_call"}, {"status", item.status},
          {"call_id", call.id},  {"name", call.name},       {"arguments", arguments}};
}

Json reasoning_part(const std::string& text) {
  return {{"type", "reasoning_text"}, {"text", text}};
}

Json whole_item(const Item& item, const Answer& answer, const Block& block) {
  if (block.kind == OutputKind::thinking)
    return reasoning_item(item, Json::array({reasoning_part(block.text)}));
  if (block.kind == OutputKind::text)
    return message_item(item, Json::array({text_part(block.text)}));
  const inference::ToolCall& call = answer.calls[block.call];
  return call_item(item, call, call.arguments);
}

Json usage_json(const Answer& answer) {
  return {{"input_tokens", answer.prompt_tokens},
          {"input_tokens_details",
           {{"cached_tokens", answer.cached_tokens}, {"cache_write_tokens", 0}}},
          {"output_tokens", answer.generated_tokens},
          {"output_tokens_details", {{"reasoning_tokens", answer.thinking_tokens}}},
          {"total_tokens", answer.prompt_tokens + answer.generated_tokens}};
}

class ResponseShape : public inference::Shape {
 public:
  ResponseShape(ResponseHead head, ResponseListener finished)
      : head_(std::move(head)), finished_(std::move(finished)) {}

  http::Response whole(std::span<const Answer> answers) override {
    const Json response = response_json(head_, answers.front());
    finished_(response, &answers.front());
    return http::json_response(response);
  }
  http::Response refusal(const http::Problem& problem) const override {
    finished_(failed_json(head_, problem), nullptr);
    return http::problem_response(problem);
  }

  std::string opening(std::span<const Answer>) override {
    const Json response = response_json(head_, "in_progress");
    std::string out = event("response.created", {{"response", response}});  // numbered in order
    return out += event("response.in_progress", {{"response", response}});
  }

  std::string piece(size_t, const Piece& piece) override {
    std::string out;
    for (const Told& told : piece.told) {
      const bool goes_on = open_ == told.kind || told.kind == OutputKind::arguments;
      if (told.kind == OutputKind::call_end) continue;
      if (told.kind == OutputKind::call_begin || !goes_on) {
        out += close(piece.answer);
        open_ = told.kind;
        out += open(piece.answer, told.call);
      }
      if (told.kind != OutputKind::call_begin) out += delta(told);
    }
    return out;
  }

  std::string closing(size_t, const Answer& answer) override { return close(answer); }

  std::string ending(std::span<const Answer> answers) override {
    const Json response = response_json(head_, answers.front());
    finished_(response, &answers.front());
    const std::string name = "response." + response["status"].get<std::string>();
    return event(name.c_str(), {{"response", response}});
  }
  std::string broken(const http::Problem& problem) override {
    const Json response = failed_json(head_, problem);
    finished_(response, nullptr);
    return event("response.failed", {{"response", response}});
  }

 private:
  std::string event(const char* type, const Json& members) {
    Json data = {{"type", type}, {"sequence_number", sequence_++}};
    data.update(members);
    return fmt::format("event: {}\ndata: {}\n\n", type, http::json_text(data));
  }

  Item item(const char* status) const { return {head_, index_, status}; }
  std::string item_id() const {
    if (open_ == OutputKind::text) return item("").id("msg");
    return item("").id(open_ == OutputKind::thinking ? "rs" : "fc");
  }
  Json place() const {
    Json members = {{"item_id", item_id()}, {"output_index", index_}};
    if (open_ != OutputKind::call_begin) members["content_index"] = 0;
    return members;
  }
  static Json with(Json members, const Json& more) {
    members.update(more);
    return members;
  }

  std::string open(const Answer& answer, size_t call) {
    const Item now = item("in_progress");
    Json shown = message_item(now, Json::array());
    if (open_ == OutputKind::thinking) shown = reasoning_item(now, Json::array());
    if (open_ == OutputKind::call_begin) shown = call_item(now, answer.calls[call], "");
    std::string out =
        event("response.output_item.added", {{"output_index", index_}, {"item", shown}});
    if (open_ == OutputKind::call_begin) return out;
    const Json part = open_ == OutputKind::text ? text_part("") : reasoning_part("");
    return out + event("response.content_part.added", with(place(), {{"part", part}}));
  }

  std::string delta(const Told& told) {
    Json members = with(place(), {{"delta", told.text}});
    if (told.kind == OutputKind::thinking) return event("response.reasoning_text.delta", members);
    if (told.kind == OutputKind::arguments)
      return event("response.function_call_arguments.delta", members);
    members["logprobs"] = Json::array();
    return event("response.output_text.delta", members);
  }

  // What has just ended is the block with the item's number: both count in the same order.
  std::string close(const Answer& answer) {
    if (!open_) return {};
    const Block& block = answer.blocks[index_];
    std::string out;
    if (open_ == OutputKind::call_begin) {
      const inference::ToolCall& call = answer.calls[block.call];
      out = event("response.function_call_arguments.done",
                  with(place(), {{"name", call.name}, {"arguments", call.arguments}}));
    } else if (open_ == OutputKind::text) {
      out = event("response.output_text.done",
                  with(place(), {{"text", block.text}, {"logprobs", Json::array()}}));
      out += event("response.content_part.done", with(place(), {{"part", text_part(block.text)}}));
    } else {
      out = event("response.reasoning_text.done", with(place(), {{"text", block.text}}));
      out += event("response.content_part.done",
                   with(place(), {{"part", reasoning_part(block.text)}}));
    }
    const Json shown = whole_item(item("completed"), answer, block);
    out += event("response.output_item.done", {{"output_index", index_}, {"item", shown}});
    ++index_;
    open_.reset();
    return out;
  }

  ResponseHead head_;
  ResponseListener finished_;
  std::optional<OutputKind> open_;  // what the item under way is of
  size_t index_ = 0, sequence_ = 0;
};

}  // namespace

Json response_json(const ResponseHead& head, const char* status) {
  Json out = {{"id", head.id},       {"object", "response"},   {"created_at", head.created},
              {"status", status},    {"error", nullptr},       {"incomplete_details", nullptr},
              {"model", head.model}, {"output", Json::array()}};
  out.update(head.echoed);
  return out;
}

Json response_json(const ResponseHead& head, const Answer& answer) {
  const bool cut = answer.finish == inference::Finish::length;
  Json out = response_json(head, cut ? "incomplete" : "completed");
  if (cut) out["incomplete_details"] = {{"reason", "max_output_tokens"}};
  for (size_t i = 0; i < answer.blocks.size(); ++i) {
    const bool last = i + 1 == answer.blocks.size();
    out["output"].push_back(
        whole_item({head, i, cut && last ? "incomplete" : "completed"}, answer, answer.blocks[i]));
  }
  out["usage"] = usage_json(answer);
  return out;
}

Json failed_json(const ResponseHead& head, const http::Problem& problem) {
  const bool cancelled = problem.code == "cancelled";
  Json out = response_json(head, cancelled ? "cancelled" : "failed");
  if (!cancelled) out["error"] = {{"code", "server_error"}, {"message", problem.message}};
  return out;
}

std::unique_ptr<inference::Shape> response_shape(ResponseHead head, ResponseListener finished) {
  return std::make_unique<ResponseShape>(std::move(head), std::move(finished));
}

}  // namespace mill::openai
