#include "service/inference/searching.h"

#include <algorithm>
#include <utility>

#include "service/inference/paths.h"
#include "service/inference/running.h"

namespace mill::inference {
namespace {

using dialect::OutputEvent;
using dialect::OutputKind;
using service::Choices;

constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kVerdictMilliseconds = 10'000;  // a verifier that hangs costs no more than this

// Everything here runs on the engine's thread, or on one that brings a verdict, one event at a time
// (see Choices).
class Searching : public std::enable_shared_from_this<Searching> {
 public:
  Searching(AnswerPlan plan, std::shared_ptr<http::Exchange> exchange)
      : plan_(std::move(plan)), exchange_(std::move(exchange)), paths_(plan_) {}

  // Those that begin at once, all from the prompt, which fits.
  std::vector<llm::GenerateRequest> take_requests() {
    std::vector<llm::GenerateRequest> requests;
    for (const llm::PathStart& start : search().begin())
      requests.push_back(std::move(*paths_.begin(start)));
    return requests;
  }
  service::ServedModel& model() { return *plan_.model; }
  const Shape& shape() const { return *plan_.shape; }
  void started(const std::shared_ptr<Choices>& choices) { choices_ = choices; }

  void on_event(size_t choice, const llm::GenerateEvent& event) {
    take(paths_.of_choice(choice), event);
    check_limits();
  }

  // What its verifier, which takes its time, says of an answer.
  void on_verdict(uint32_t number, const Result<llm::Judgement>& said) {
    if (!failed_) hear(number, &said);
    check_limits();
  }

  // The client has the end of its answer only once what it has used is on the disk.
  void on_done() {
    std::vector<Answer> answers;
    for (uint32_t i = 0; i < paths_.size(); ++i) {
      answers.push_back(paths_.at(i).answer);
      if (paths_.at(i).parser) plan_.account.add_phases(answers.back().times);
    }
    if (!failed_) show();
    Usage usage = billed(std::move(answers), paths_.size());
    if (!failed_) usage.thinking = shown_.thinking_tokens;
    plan_.account.close(usage, outcome_, [self = shared_from_this()](const Result<void>& kept) {
      if (!self->failed_) self->tell_end(kept);
    });
  }

 private:
  llm::Search& search() { return *plan_.search.method; }

  void check_limits() {
    const SearchPlan& plan = plan_.search;
    const bool spent = plan.joules_max > 0 && joules_ >= plan.joules_max;
    if (failed_ || late_ || (!spent && plan.nanoseconds() < plan.deadline)) return;
    late_ = true;
    for (uint32_t i = 0; i < paths_.size(); ++i) {
      if (paths_.at(i).parser == nullptr || !stop(i)) continue;
      paths_.at(i).answer.finish = Finish::length;
      end(i);
    }
  }

  void take(uint32_t number, const llm::GenerateEvent& event) {
    Path& path = paths_.at(number);
    joules_ += event.joules - path.answer.joules;
    path.answer.count(event);
    if (path.over || failed_) return;
    if (event.finish == llm::FinishReason::error || event.finish == llm::FinishReason::cancelled)
      return fail(event);
    for (const llm::TokenLogprob& it : event.logprobs) path.logprobs += it.logprob;
    path.said += event.text;
    path.open = event.step;
    const bool thought = path.parser->thinking();
    auto events = path.parser->feed(event.text);
    if (thought) path.answer.thinking_tokens += static_cast<uint32_t>(event.tokens.size());
    path.answer.add(event);
    path.answer.add(std::move(events));
    if (event.finish == llm::FinishReason::none) return;
    path.over = true;
    end(number);
  }

  void end(uint32_t number) {
    Path& path = paths_.at(number);
    if (path.parser) path.answer.add(path.parser->finish());
    if (path.answer.finish != Finish::length && plan_.search.asked) return ask(number);
    hear(number, nullptr);
  }

  llm::PathEnd end_of(const Path& path, const std::string& text) const {
    const Answer& it = path.answer;
    return {.path = path.start.path,
            .text = text,
            .logprob_mean = path.logprobs / std::max<double>(1, it.generated_tokens),
            .tokens = it.generated_tokens,
            .cut = it.finish == Finish::length,
            .step = path.open,
            .thought = path.start.thoughts_only && it.text.empty()};
  }

  // The search hears of its end together with the verdict.
  void ask(uint32_t number) {
    const auto choices = choices_.lock();
    const int64_t left = plan_.search.deadline - plan_.search.nanoseconds();
    Result<llm::Judgement> none = mill::fail(ErrorKind::exhausted, "there was no time to ask");
    if (!choices || left < kMillisecond) return hear(number, &none);
    choices->hold_within();
    const std::string text = paths_.text_of(number);
    const auto asked = plan_.search.asked->ask(
        end_of(paths_.at(number), text), std::min(left / kMillisecond, kVerdictMilliseconds),
        [self = shared_from_this(), choices, number](const Result<llm::Judgement>& said) {
          choices->resume([&] { self->on_verdict(number, said); });
        });
    if (asked) return;
    choices->release_within();
    none = std::unexpected(asked.error());
    hear(number, &none);
  }

  // It is over. Whatever follows from that begins, if there is time.
  void hear(uint32_t number, const Result<llm::Judgement>* said) {
    const std::string text = paths_.text_of(number);
    llm::PathEnd ended = end_of(paths_.at(number), text);
    ended.said = said;
    const llm::Verdict verdict = search().ended(ended);
    for (const uint32_t other : verdict.stop) stop(other);
    if (plan_.n > 1 && !verdict.note.empty()) tell({{OutputKind::thinking, verdict.note + "\n"}});
    for (const llm::PathStart& start : verdict.begin)
      if (!late_ && !failed_) launch(start);
  }

  // One that does not fit the context ends before its first token.
  void launch(const llm::PathStart& start) {
    http::Checked<llm::GenerateRequest> request = paths_.begin(start);
    if (!request) {
      paths_.at(start.path).over = true;
      paths_.at(start.path).answer.finish = Finish::length;
      return end(start.path);
    }
    const auto choices = choices_.lock();
    if (!choices) return;
    const auto added = choices->add_within(std::move(*request));
    if (added) return;
    paths_.at(start.path).over = true;  // the engine does not know it
    fail(http::problem_of(added.error()), Outcome::failed);
  }

  // False: it was over.
  bool stop(uint32_t number) {
    Path& path = paths_.at(number);
    if (std::exchange(path.over, true)) return false;
    const auto choices = choices_.lock();
    if (choices && path.parser) choices->cancel_within(path.choice);
    return true;
  }

  // The answer that its client sees: its own text and logprobs, with the tokens of all.
  void show() {
    const uint32_t number = search().shown();
    const Answer best = paths_.answer_of(number);
    shown_.tokens = best.tokens;
    shown_.logprobs = best.logprobs;
    shown_.alternatives = best.alternatives;
    shown_.finish = best.finish;
    shown_.verified = search().verified();
    for (uint32_t i = 0; i < paths_.size(); ++i) {
      shown_.generated_tokens += paths_.at(i).answer.generated_tokens;
      shown_.joules += paths_.at(i).answer.joules;
    }
    shown_.thinking_tokens = shown_.generated_tokens - best.generated_tokens + best.thinking_tokens;
    last_.tokens = best.tokens;
    last_.logprobs = best.logprobs;
    last_.alternatives = best.alternatives;
    std::vector<OutputEvent> events;
    const std::string thoughts = paths_.thoughts_of(number);
    if (!thoughts.empty()) events.push_back({OutputKind::thinking, thoughts});
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
    const Answer& any = paths_.at(0).answer;
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
    const bool cancelled = event.finish == llm::FinishReason::cancelled;
    fail(problem_of_end(event), cancelled ? Outcome::cancelled : Outcome::failed);
  }
  void fail(const http::Problem& problem, Outcome outcome) {
    failed_ = true;
    outcome_ = outcome;
    for (uint32_t i = 0; i < paths_.size(); ++i) stop(i);
    break_off(problem);
  }

  void break_off(const http::Problem& problem) {
    if (!begun_) return exchange_->respond(plan_.shape->refusal(problem));
    exchange_->write(plan_.shape->broken(problem));
    exchange_->end();
  }

  AnswerPlan plan_;
  std::shared_ptr<http::Exchange> exchange_;
  Paths paths_;
  std::weak_ptr<Choices> choices_;
  Answer shown_;
  llm::GenerateEvent last_;  // what the shown answer's tokens are told with
  std::string held_;         // the stream's last piece, until the account is closed
  double joules_ = 0;        // drawn by all paths so far
  bool begun_ = false, failed_ = false, late_ = false;
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
