#pragma once
// How a run begins, whatever it makes of the engine's events: its tenant's limits are asked, its
// generations are submitted together, and a client that goes away cancels them.

#include <memory>
#include <utility>

#include "service/inference/answering.h"

namespace mill::inference {

// Of an event that ends a generation as failed or cancelled.
inline http::Problem problem_of_end(const llm::GenerateEvent& event) {
  if (event.finish == llm::FinishReason::cancelled)
    return {503, "The request was cancelled", "", "cancelled"};
  if (event.error.kind == ErrorKind::exhausted) return http::problem_of(event.error);
  http::Problem problem{500, event.error.message};
  if (event.error.kind == ErrorKind::unsupported) problem.status = 400;  // of its grammar
  return problem;
}

// Null: refused, and the exchange knows.
template <class Run>
std::shared_ptr<service::Choices> run_as(AnswerPlan plan,
                                         const std::shared_ptr<http::Exchange>& exchange) {
  const auto room = plan.account.reserve(plan.requests, plan.n, plan.model->info().context_max);
  if (!room) {
    exchange->respond(plan.shape->refusal(room.error()));
    return nullptr;
  }
  using service::Choices;
  const auto run = std::make_shared<Run>(std::move(plan), exchange);
  const auto choices = Choices::start(
      run->model(), run->take_requests(),
      {.started = [run](const std::shared_ptr<Choices>& all) { run->started(all); },
       .event = [run](size_t choice, llm::GenerateEvent&& event) { run->on_event(choice, event); },
       .done = [run] { run->on_done(); }});
  if (!choices) {
    exchange->respond(run->shape().refusal(http::problem_of(choices.error())));
    return nullptr;
  }
  exchange->on_gone([weak = std::weak_ptr(*choices)] {
    if (const auto alive = weak.lock()) alive->cancel();
  });
  return *choices;
}

}  // namespace mill::inference
