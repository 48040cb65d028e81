#include "service/ollama/ollama_shape.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <utility>

namespace mill::ollama {
namespace {

using dialect::OutputKind;
using http::Json;
using inference::Answer;
using inference::Piece;
using inference::Told;

Json call_json(const inference::ToolCall& call) {
  Json arguments = call.whole ? Json::parse(call.arguments, nullptr, false) : Json::object();
  if (!arguments.is_object()) arguments = Json::object();
  return {{"function", {{"name", call.name}, {"arguments", std::move(arguments)}}}};
}

class OllamaShape : public inference::Shape {
 public:
  explicit OllamaShape(OllamaHead head) : head_(std::move(head)), started_(head_.nanoseconds()) {}

  const char* content_type() const override { return "application/x-ndjson"; }

  http::Response whole(std::span<const Answer> answers) override {
    const Answer& answer = answers.front();
    Json body = line(answer.text, answer.thinking);
    for (const inference::ToolCall& call : answer.calls) add_call(body, call);
    finish(body, answer);
    return http::json_response(body);
  }
  http::Response refusal(const http::Problem& problem) const override {
    return refusal_of(problem);
  }

  std::string opening(std::span<const Answer>) override { return {}; }

  // Ollama's clients take calls whole, one to a line.
  std::string piece(size_t, const Piece& piece) override {
    if (first_ == 0) first_ = head_.nanoseconds();
    std::string out;
    for (const Told& told : piece.told) {
      if (told.kind == OutputKind::text) out += text_of(line(told.text, ""));
      if (told.kind == OutputKind::thinking) out += text_of(line("", told.text));
      if (told.kind != OutputKind::call_end) continue;
      Json body = line("", "");
      add_call(body, piece.answer.calls[told.call]);
      out += text_of(body);
    }
    return out;
  }

  std::string closing(size_t, const Answer& answer) override {
    Json body = line("", "");
    finish(body, answer);
    return text_of(body);
  }
  std::string ending(std::span<const Answer>) override { return {}; }
  std::string broken(const http::Problem& problem) override {
    return text_of({{"error", problem.message}});
  }

 private:
  static std::string text_of(const Json& body) { return http::json_text(body) + "\n"; }

  Json line(const std::string& text, const std::string& thinking) const {
    Json body = {{"model", head_.model}, {"created_at", timestamp(head_.unix_time())}};
    Json& message = body;
    if (head_.chat) {
      body["message"] = {{"role", "assistant"}, {"content", text}};
      if (!thinking.empty()) body["message"]["thinking"] = thinking;
    } else {
      message["response"] = text;
      if (!thinking.empty()) message["thinking"] = thinking;
    }
    body["done"] = false;
    return body;
  }

  void add_call(Json& body, const inference::ToolCall& call) const {
    if (head_.chat) body["message"]["tool_calls"].push_back(call_json(call));
  }

  void finish(Json& body, const Answer& answer) const {
    const int64_t now = head_.nanoseconds();
    const int64_t first = first_ == 0 ? now : first_;
    body["done"] = true;
    body["done_reason"] = answer.finish == inference::Finish::length ? "length" : "stop";
    body["total_duration"] = now - started_;
    body["load_duration"] = 0;
    body["prompt_eval_count"] = answer.prompt_tokens;
    body["prompt_eval_duration"] = first - started_;
    body["eval_count"] = answer.generated_tokens;
    body["eval_duration"] = now - first;
  }

  OllamaHead head_;
  int64_t started_, first_ = 0;
};

}  // namespace

http::Response refusal_of(const http::Problem& problem) {
  return http::refused(problem, {{"error", problem.message}});
}

std::string timestamp(int64_t unix_time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_time)));
}

std::unique_ptr<inference::Shape> ollama_shape(OllamaHead head) {
  return std::make_unique<OllamaShape>(std::move(head));
}

}  // namespace mill::ollama
