#include "service/inference/answering.h"

#include <algorithm>
#include <utility>

#include "service/inference/running.h"
#include "service/inference/searching.h"

namespace mill::inference {
namespace {

using service::Choices;

// One choice: its parser, and what it has said.
struct Voice {
  dialect::OutputParser parser;
  Answer answer;
  bool over = false;
};

// Everything here runs on the engine's thread, one event at a time (see Choices).
class Answering : public std::enable_shared_from_this<Answering> {
 public:
  Answering(AnswerPlan plan, std::shared_ptr<http::Exchange> exchange)
      : plan_(std::move(plan)), exchange_(std::move(exchange)) {
    for (size_t i = 0; i < plan_.requests.size(); ++i) {
      voices_.push_back(std::make_unique<Voice>(dialect::OutputParser(plan_.parser)));
      voices_.back()->answer.id_seed = plan_.id_seed + i * 1'000'000;
    }
  }

  std::vector<llm::GenerateRequest> take_requests() {
    for (llm::GenerateRequest& it : plan_.requests) it.admission = plan_.account.admission();
    plan_.account.promised().asked(plan_.requests);
    return std::move(plan_.requests);
  }
  service::ServedModel& model() { return *plan_.model; }
  const Shape& shape() const { return *plan_.shape; }
  void started(const std::shared_ptr<Choices>& choices) { choices_ = choices; }

  void on_event(size_t choice, const llm::GenerateEvent& event) {
    Voice& voice = *voices_[choice];
    if (voice.over) {
      voice.answer.joules = event.joules;
      return;
    }
    voice.answer.count(event);
    plan_.account.promised().made(choice, event);
    if (failed_) return;
    if (event.finish == llm::FinishReason::error || event.finish == llm::FinishReason::cancelled)
      return fail(event);
    tell(choice, event);
  }

  // The client has the end of its answer only once its receipt and what it has used are on the
  // disk.
  void on_done() {
    for (auto& voice : voices_) {
      plan_.account.add_phases(voice->answer.times);
      answers_.push_back(std::move(voice->answer));
    }
    plan_.account.close(billed(answers_, plan_.n), outcome_,
                        [self = shared_from_this()](const Result<void>& kept) {
                          if (!self->failed_) self->tell_end(kept);
                        });
  }

 private:
  void tell_end(const Result<void>& kept) {
    if (!kept) return break_off(http::problem_of(kept.error()));
    if (!plan_.stream)
      return exchange_->respond(named(plan_.shape->whole(answers_), plan_.account.request()));
    exchange_->write(std::move(held_));
    exchange_->write(plan_.shape->ending(answers_));
    exchange_->end();
  }

  void tell(size_t choice, const llm::GenerateEvent& event) {
    Voice& voice = *voices_[choice];
    voice.answer.add(event);
    const bool thought = voice.parser.thinking();
    auto events = voice.parser.feed(event.text);
    if (thought) voice.answer.thinking_tokens += static_cast<uint32_t>(event.tokens.size());
    voice.over = event.finish != llm::FinishReason::none;
    if (voice.over) {
      for (auto& last : voice.parser.finish()) events.push_back(std::move(last));
    }
    if (plan_.one_call) end_with_first_call(choice, events);
    const std::vector<Told> told = voice.answer.add(std::move(events));
    const bool called = !voice.answer.calls.empty() && voice.answer.finish == Finish::stop;
    if (voice.over && called) voice.answer.finish = Finish::tool_calls;
    if (plan_.stream) stream(choice, {told, voice.answer, event});
  }

  // What would come after the call is not wanted, and no more of it is generated.
  void end_with_first_call(size_t choice, std::vector<dialect::OutputEvent>& events) {
    for (size_t i = 0; i < events.size(); ++i) {
      if (events[i].kind != dialect::OutputKind::call_end) continue;
      events.resize(i + 1);
      if (!std::exchange(voices_[choice]->over, true)) cancel(choice);
      voices_[choice]->answer.finish = Finish::stop;
      return;
    }
  }

  void cancel(size_t choice) {
    if (const auto choices = choices_.lock()) choices->cancel_within(choice);
  }

  void stream(size_t choice, const Piece& piece) {
    if (!std::exchange(begun_, true)) {
      exchange_->begin(named({.headers = {{"Content-Type", plan_.shape->content_type()},
                                          {"Cache-Control", "no-cache"}}},
                             plan_.account.request()));
      std::vector<Answer> none(voices_.size());
      for (Answer& answer : none) {
        answer.prompt_tokens = piece.answer.prompt_tokens;
        answer.cached_tokens = piece.answer.cached_tokens;
      }
      exchange_->write(plan_.shape->opening(none));
    }
    std::string text = plan_.shape->piece(choice, piece);
    if (voices_[choice]->over) text += plan_.shape->closing(choice, piece.answer);
    const bool last =
        std::all_of(voices_.begin(), voices_.end(), [](const auto& voice) { return voice->over; });
    if (last)
      held_ = std::move(text);
    else
      exchange_->write(std::move(text));
  }

  // The client has mostly gone then; one that is still there shall not take half for the whole.
  void fail(const llm::GenerateEvent& event) {
    failed_ = true;
    outcome_ = event.finish == llm::FinishReason::cancelled ? Outcome::cancelled : Outcome::failed;
    break_off(problem_of_end(event));
  }

  void break_off(const http::Problem& problem) {
    if (!begun_) return exchange_->respond(plan_.shape->refusal(problem));
    exchange_->write(plan_.shape->broken(problem));
    exchange_->end();
  }

  AnswerPlan plan_;
  std::shared_ptr<http::Exchange> exchange_;
  std::vector<std::unique_ptr<Voice>> voices_;
  std::weak_ptr<Choices> choices_;
  std::vector<Answer> answers_;  // once all are over
  std::string held_;             // the stream's last piece, until the account is closed
  bool begun_ = false, failed_ = false;
  Outcome outcome_ = Outcome::whole;
};

}  // namespace

std::shared_ptr<Choices> answer(AnswerPlan plan, const std::shared_ptr<http::Exchange>& exchange) {
  if (plan.search.method) return search(std::move(plan), exchange);
  return run_as<Answering>(std::move(plan), exchange);
}

}  // namespace mill::inference
