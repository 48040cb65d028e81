#include "apps/eval_ask.h"

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "llm/reason/final_answer.h"

namespace mill::apps {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr const char* kInstruction =
    "\n\nThink step by step, and end with the answer alone after ####.";
constexpr std::chrono::seconds kProgress{10};

struct Came {
  size_t problem = 0, sample = 0;
  Sampled sampled;
  std::string error;
};

// Answers end on the engine's thread and are taken in by the caller's.
class Inbox {
 public:
  void put(Came came) {
    const std::lock_guard lock(mutex_);
    came_.push_back(std::move(came));
    changed_.notify_one();
  }
  std::vector<Came> take() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kProgress, [this] { return !came_.empty(); });
    return std::exchange(came_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Came> came_;
};

Json settings_of(const service::ServedModel& model, const EvalAsk& ask) {
  return {{"model", model.info().id},
          {"instruction", kInstruction},
          {"tokens_max", ask.tokens_max},
          {"temperature", ask.temperature},
          {"seed", ask.seed}};
}

class Asking {
 public:
  Asking(service::ServedModel& model, const std::vector<Problem>& problems, const EvalAsk& ask)
      : model_(model), problems_(problems), ask_(ask), answers_(problems.size()) {
    for (auto& samples : answers_) samples.resize(ask.samples);
    done_.assign(problems.size() * ask.samples, false);
  }

  Result<std::vector<std::vector<Sampled>>> run() {
    TRY(read_record());
    began_ = told_ = Clock::now();
    before_ = finished_;
    while (finished_ < done_.size()) {
      TRY(launch());
      for (Came& came : inbox_->take()) TRY(take_in(std::move(came)));
      tell();
    }
    return std::move(answers_);
  }

 private:
  size_t place(size_t problem, size_t sample) const { return problem * ask_.samples + sample; }

  // Its last line may have been cut off by whatever ended the run.
  Result<void> read_record() {
    if (ask_.record.empty()) return {};
    const std::string settings = settings_of(model_, ask_).dump();
    std::ifstream old(ask_.record);
    std::string line;
    if (old && std::getline(old, line) && line != settings)
      return fail(ErrorKind::invalid,
                  "{} is of another run ({}); take another file, or the same settings", ask_.record,
                  line);
    const bool fresh = line.empty();
    while (std::getline(old, line)) note(Json::parse(line, nullptr, false));
    old.close();
    record_.open(ask_.record, std::ios::app);
    if (fresh) record_ << settings << std::endl;
    if (!fresh) record_ << '\n';
    if (!record_) return fail(ErrorKind::io, "{} cannot be written", ask_.record);
    return {};
  }

  void note(const Json& line) {
    if (!line.is_object()) return;
    const size_t problem = line.value("problem", problems_.size());
    const size_t sample = line.value("sample", size_t{ask_.samples});
    if (problem >= problems_.size() || sample >= ask_.samples || done_[place(problem, sample)])
      return;
    Sampled sampled{.number = std::nullopt, .tokens = line.value("tokens", 0U)};
    if (line["number"].is_string()) sampled.number = line["number"].get<std::string>();
    keep(problem, sample, std::move(sampled));
  }

  void keep(size_t problem, size_t sample, Sampled sampled) {
    const bool right = sampled.number == problems_[problem].answer;
    right_ += right ? 1 : 0;
    ++finished_;
    done_[place(problem, sample)] = true;
    answers_[problem][sample] = std::move(sampled);
  }

  Result<void> launch() {
    for (; next_ < done_.size() && in_flight_ < ask_.at_once; ++next_) {
      if (done_[next_]) continue;
      TRY(submit(next_ / ask_.samples, next_ % ask_.samples));
      ++in_flight_;
    }
    return {};
  }

  Result<void> submit(size_t problem, size_t sample) {
    const Json messages = {
        {{"role", "user"}, {"content", problems_[problem].question + kInstruction}}};
    TRY_ASSIGN(const std::string prompt,
               model_.render({{"messages", messages}, {"add_generation_prompt", true}}));
    llm::GenerateRequest request{.prompt = model_.encode(prompt, {.add_special = false}),
                                 .tokens_max = ask_.tokens_max};
    request.sampling.temperature = ask_.temperature;
    request.sampling.seed = ask_.seed + (uint64_t{problem} << 32) + sample;
    const auto text = std::make_shared<std::string>();
    const auto sink = [inbox = inbox_, text, problem, sample](llm::GenerateEvent&& event) {
      *text += event.text;
      if (event.finish == llm::FinishReason::none) return;
      inbox->put({.problem = problem,
                  .sample = sample,
                  .sampled = {llm::final_number(*text), event.generated_tokens},
                  .error = event.error.message});
    };
    TRY(model_.submit(std::move(request), sink));
    return {};
  }

  Result<void> take_in(Came came) {
    --in_flight_;
    if (!came.error.empty())
      return fail(ErrorKind::io, "problem {}: {}", came.problem + 1, came.error);
    if (!ask_.record.empty()) {
      Json line = {{"problem", came.problem}, {"sample", came.sample}};
      line["number"] = came.sampled.number ? Json(*came.sampled.number) : Json();
      line["tokens"] = came.sampled.tokens;
      record_ << line.dump() << std::endl;
      if (!record_) return fail(ErrorKind::io, "{} cannot be written", ask_.record);
    }
    keep(came.problem, came.sample, std::move(came.sampled));
    return {};
  }

  void tell() {
    const auto now = Clock::now();
    if (now - told_ < kProgress) return;
    told_ = now;
    const std::chrono::duration<double> took = now - began_;
    const auto left = static_cast<double>(done_.size() - finished_);
    const auto made = static_cast<double>(finished_ - before_);
    fmt::print(stderr, "{} of {} answers, {:.1f} % of them right{}\n", finished_, done_.size(),
               100.0 * static_cast<double>(right_) / static_cast<double>(finished_),
               made == 0 ? "" : fmt::format("; {:.0f} s left", took.count() * left / made));
  }

  service::ServedModel& model_;
  const std::vector<Problem>& problems_;
  const EvalAsk& ask_;
  std::vector<std::vector<Sampled>> answers_;
  std::vector<bool> done_;                                    // by place()
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();  // outlives what is still in flight
  std::ofstream record_;
  size_t next_ = 0, finished_ = 0, before_ = 0, right_ = 0;
  uint32_t in_flight_ = 0;
  Clock::time_point began_, told_;
};

}  // namespace

Result<std::vector<std::vector<Sampled>>> ask_all(service::ServedModel& model,
                                                  const std::vector<Problem>& problems,
                                                  const EvalAsk& ask) {
  return Asking(model, problems, ask).run();
}

}  // namespace mill::apps
