#include "service/openai/answering.h"

#include <utility>

#include "service/generation/choices.h"
#include "service/http/problem.h"

namespace mill::openai {
namespace {

using service::Choices;

// Everything here runs on the engine's thread, one event at a time (see Choices).
class Answering {
 public:
  Answering(AnswerPlan plan, std::shared_ptr<http::Exchange> exchange)
      : plan_(std::move(plan)), exchange_(std::move(exchange)), answers_(plan_.requests.size()) {}

  std::vector<llm::GenerateRequest> take_requests() { return std::move(plan_.requests); }
  service::ServedModel& model() { return *plan_.model; }

  void on_event(size_t choice, const llm::GenerateEvent& event) {
    if (failed_) return;
    if (event.finish == llm::FinishReason::error || event.finish == llm::FinishReason::cancelled)
      return fail(event);
    answers_[choice].add(event);
    if (plan_.stream) stream(choice, event);
  }

  void on_done() {
    if (failed_) return;
    if (!plan_.stream)
      return exchange_->respond(http::json_response(plan_.shape->whole(answers_, plan_.n)));
    if (plan_.include_usage) {
      Json last = plan_.shape->frame();
      last["usage"] = usage_json(answers_, plan_.n);
      exchange_->write("data: " + http::json_text(last) + "\n\n");
    }
    exchange_->write("data: [DONE]\n\n");
    exchange_->end();
  }

 private:
  void begin() {
    if (std::exchange(begun_, true)) return;
    exchange_->begin({.headers = {{"Content-Type", "text/event-stream; charset=utf-8"},
                                  {"Cache-Control", "no-cache"}}});
    for (size_t i = 0; i < answers_.size(); ++i) send(plan_.shape->opening(i));
  }

  void stream(size_t choice, const llm::GenerateEvent& event) {
    begin();
    send(plan_.shape->piece(choice, event));
    if (event.finish != llm::FinishReason::none) send(plan_.shape->closing(choice, event.finish));
  }

  void send(Json chunk) {
    if (chunk.is_null()) return;
    if (plan_.include_usage) chunk["usage"] = nullptr;
    exchange_->write("data: " + http::json_text(chunk) + "\n\n");
  }

  // The client has mostly gone then; one that is still there shall not take half for the whole.
  void fail(const llm::GenerateEvent& event) {
    failed_ = true;
    http::Problem problem{500, event.error.empty() ? "The generation failed" : event.error};
    if (event.finish == llm::FinishReason::cancelled)
      problem = {503, "The request was cancelled", "", "cancelled"};
    if (!begun_) return exchange_->respond(http::problem_response(problem));
    exchange_->write("data: " + http::json_text(http::problem_json(problem)) + "\n\n");
    exchange_->end();
  }

  AnswerPlan plan_;
  std::shared_ptr<http::Exchange> exchange_;
  std::vector<Answer> answers_;
  bool begun_ = false, failed_ = false;
};

}  // namespace

void answer(AnswerPlan plan, const std::shared_ptr<http::Exchange>& exchange) {
  const auto run = std::make_shared<Answering>(std::move(plan), exchange);
  const auto choices = Choices::start(
      run->model(), run->take_requests(),
      {.event = [run](size_t choice, llm::GenerateEvent&& event) { run->on_event(choice, event); },
       .done = [run] { run->on_done(); }});
  if (!choices) return exchange->respond(http::problem_response(http::problem_of(choices.error())));
  exchange->on_gone([weak = std::weak_ptr(*choices)] {
    if (const auto alive = weak.lock()) alive->cancel();
  });
}

}  // namespace mill::openai
