#include "service/inference/searching.h"

#include <algorithm>
#include <utility>

#include "service/inference/running.h"

namespace mill::inference {
namespace {

using dialect::OutputEvent;
using dialect::OutputKind;
using service::Choices;

struct Path {
  dialect::OutputParser parser;
  Answer answer = {};
  double logprobs = 0;  // their sum
  bool over = false;
};

// Everything here runs on the engine's thread, one event at a time (see Choices).
class Searching : public std::enable_shared_from_this<Searching> {
 public:
  Searching(AnswerPlan plan, std::shared_ptr<http::Exchange> exchange)
      : plan_(std::move(plan)), exchange_(std::move(exchange)) {
    for (size_t i = 0; i < plan_.requests.size(); ++i)
      paths_.push_back(std::make_unique<Path>(dialect::OutputParser(plan_.parser)));
  }

  std::vector<llm::GenerateRequest> take_requests() {
    for (llm::GenerateRequest& it : plan_.requests) {
      it.admission = plan_.account.admission();
      it.logprobs = std::max(it.logprobs, 0);  // for those who judge by likelihood
    }
    return std::move(plan_.requests);
  }
  service::ServedModel& model() { return *plan_.model; }
  const Shape& shape() const { return *plan_.shape; }
  void started(const std::shared_ptr<Choices>& choices) { choices_ = choices; }

  void on_event(size_t number, const llm::GenerateEvent& event) {
    Path& path = *paths_[number];
    path.answer.count(event);
    if (path.over || failed_) return;
    if (event.finish == llm::FinishReason::error || event.finish == llm::FinishReason::cancelled)
      return fail(event);
    for (const llm::TokenLogprob& it : event.logprobs) path.logprobs += it.logprob;
    const bool thought = path.parser.thinking();
    auto events = path.parser.feed(event.text);
    if (thought) path.answer.thinking_tokens += static_cast<uint32_t>(event.tokens.size());
    path.over = event.finish != llm::FinishReason::none;
    if (path.over)
      for (auto& last : path.parser.finish()) events.push_back(std::move(last));
    path.answer.add(event);
    path.answer.add(std::move(events));
    if (path.over) end(number, event.finish);
  }

  // The client has the end of its answer only once what it has used is on the disk.
  void on_done() {
    std::vector<Answer> answers;
    for (const auto& path : paths_) {
      plan_.account.add_phases(path->answer.times);
      answers.push_back(path->answer);
    }
    if (!failed_) show();
    Usage usage = billed(std::move(answers), plan_.n);
    if (!failed_) usage.thinking = shown_.thinking_tokens;
    plan_.account.close(usage, outcome_, [self = shared_from_this()](const Result<void>& kept) {
      if (!self->failed_) self->tell_end(kept);
    });
  }

 private:
  void end(size_t number, llm::FinishReason finish) {
    const Answer& it = paths_[number]->answer;
    const double count = std::max<double>(1, it.generated_tokens);
    const llm::Verdict verdict =
        plan_.search->ended({.path = static_cast<uint32_t>(number),
                             .text = it.text,
                             .logprob_mean = paths_[number]->logprobs / count,
                             .cut = finish == llm::FinishReason::length});
    for (const uint32_t other : verdict.stop) {
      if (std::exchange(paths_[other]->over, true)) continue;
      if (const auto choices = choices_.lock()) choices->cancel_within(other);
    }
    if (plan_.n > 1) tell({{OutputKind::thinking, verdict.note + "\n"}});
  }

  // The answer that its client sees: its own text and logprobs, with the tokens of all.
  void show() {
    const Answer& best = paths_[plan_.search->shown()]->answer;
    shown_.tokens = best.tokens;
    shown_.logprobs = best.logprobs;
    shown_.alternatives = best.alternatives;
    shown_.finish = best.finish;
    for (const auto& path : paths_) {
      shown_.generated_tokens += path->answer.generated_tokens;
      shown_.joules += path->answer.joules;
    }
    shown_.thinking_tokens = shown_.generated_tokens - best.generated_tokens + best.thinking_tokens;
    last_.tokens = best.tokens;
    last_.logprobs = best.logprobs;
    last_.alternatives = best.alternatives;
    std::vector<OutputEvent> events;
    if (!best.thinking.empty()) events.push_back({OutputKind::thinking, best.thinking});
    if (!best.text.empty()) events.push_back({OutputKind::text, best.text});
    held_ = written(std::move(events), last_);
    if (plan_.stream) held_ += plan_.shape->closing(0, shown_);
  }

  void tell(std::vector<OutputEvent> events) {
    std::string text = written(std::move(events), {});
    if (plan_.stream) exchange_->write(std::move(text));
  }

  // As the stream says it; "" where there is no stream.
  std::string written(std::vector<OutputEvent> events, const llm::GenerateEvent& event) {
    const Answer& any = paths_.front()->answer;
    shown_.prompt_tokens = any.prompt_tokens;
    shown_.cached_tokens = any.cached_tokens;
    begin();
    const std::vector<Told> told = shown_.add(std::move(events));
    return plan_.stream ? plan_.shape->piece(0, {told, shown_, event}) : "";
  }

  void begin() {
    if (!plan_.stream || std::exchange(begun_, true)) return;
    exchange_->begin(named(
        {.headers = {{"Content-Type", plan_.shape->content_type()}, {"Cache-Control", "no-cache"}}},
        plan_.account.request()));
    Answer none;
    none.prompt_tokens = shown_.prompt_tokens;
    none.cached_tokens = shown_.cached_tokens;
    exchange_->write(plan_.shape->opening({&none, 1}));
  }

  void tell_end(const Result<void>& kept) {
    if (!kept) return break_off(http::problem_of(kept.error()));
    if (!plan_.stream)
      return exchange_->respond(named(plan_.shape->whole({&shown_, 1}), plan_.account.request()));
    exchange_->write(std::move(held_));
    exchange_->write(plan_.shape->ending({&shown_, 1}));
    exchange_->end();
  }

  // One path that fails is the end of all.
  void fail(const llm::GenerateEvent& event) {
    failed_ = true;
    outcome_ = event.finish == llm::FinishReason::cancelled ? Outcome::cancelled : Outcome::failed;
    if (const auto choices = choices_.lock())
      for (size_t i = 0; i < paths_.size(); ++i)
        if (!std::exchange(paths_[i]->over, true)) choices->cancel_within(i);
    break_off(problem_of_end(event));
  }

  void break_off(const http::Problem& problem) {
    if (!begun_) return exchange_->respond(plan_.shape->refusal(problem));
    exchange_->write(plan_.shape->broken(problem));
    exchange_->end();
  }

  AnswerPlan plan_;
  std::shared_ptr<http::Exchange> exchange_;
  std::vector<std::unique_ptr<Path>> paths_;
  std::weak_ptr<Choices> choices_;
  Answer shown_;
  llm::GenerateEvent last_;  // what the shown answer's tokens are told with
  std::string held_;         // the stream's last piece, until the account is closed
  bool begun_ = false, failed_ = false;
  Outcome outcome_ = Outcome::whole;
};

}  // namespace

std::shared_ptr<Choices> search(AnswerPlan plan, const std::shared_ptr<http::Exchange>& exchange) {
  if (plan.account.promised().wanted()) {
    exchange->respond(plan.shape->refusal(
        {400, "There are no receipts of answers that reason in several paths", "reasoning"}));
    return nullptr;
  }
  return run_as<Searching>(std::move(plan), exchange);
}

}  // namespace mill::inference
