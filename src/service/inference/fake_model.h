#pragma once
// A model for tests: every byte is a token, answers are words drawn by seed and prompt, and one
// thread serves all requests in turn, a token each.

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "llm/sample/line_end.h"
#include "service/generation/served_model.h"

namespace mill::inference::testing {

class FakeModel : public service::ServedModel {
 public:
  explicit FakeModel(uint32_t context_max = 4096, std::string id = "fake")
      : info_{.id = std::move(id),
              .created = 7,
              .context_max = context_max,
              .vocab_size = 256 + kWords},
        thread_([this] { serve(); }) {}
  ~FakeModel() override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  const service::ModelInfo& info() const override { return info_; }
  const dialect::Dialect& dialect() const override { return dialect_; }
  std::vector<TokenId> control_tokens(std::span<const std::string_view>) const override {
    return {};
  }

  Result<std::string> render(const nlohmann::ordered_json& context) const override {
    std::string text;
    for (const auto& message : context["messages"]) {
      if (message["content"] == "!raise") return fail(ErrorKind::invalid, "roles must alternate");
      text += message["role"].get<std::string>() + ":" + message["content"].get<std::string>();
    }
    if (context.contains("tools")) text += context["tools"].dump();
    if (context.contains("enable_thinking")) text += context["enable_thinking"].dump();
    return text + prompt_end;
  }
  std::vector<TokenId> encode(std::string_view text, EncodeOptions) const override {
    std::vector<TokenId> tokens;
    for (const char c : text) tokens.push_back(static_cast<uint8_t>(c));
    return tokens;
  }
  std::string decode(std::span<const TokenId> tokens) const override {
    static constexpr const char* kWord[kWords] = {"tea ", "is ", "日本", "é",
                                                  "good", ", ",  "\n",   "x"};
    std::string text;
    for (const TokenId token : tokens) {
      if (token < 256) text += static_cast<char>(token);
      if (token >= 256) text += kWord[token - 256];
    }
    return text;
  }

  Result<uint64_t> submit(llm::GenerateRequest request, llm::EventSink sink) override {
    const std::lock_guard lock(mutex_);
    if (tasks_.size() >= waiting_max) return fail(ErrorKind::exhausted, "the queue is full");
    thoughts_max = request.thoughts.tokens_max;
    constrained = request.grammar != nullptr;
    lazy = request.lazy;
    admission = request.admission;
    prompt = decode(request.prompt);
    uint64_t state = request.sampling.seed * 2654435761U + 1;
    for (const TokenId token : request.prompt) state = state * 31 + static_cast<uint64_t>(token);
    tasks_.push_back(
        {.id = ++last_id_, .state = state, .request = std::move(request), .sink = std::move(sink)});
    changed_.notify_all();
    return last_id_;
  }
  void cancel(uint64_t request) override {
    const std::lock_guard lock(mutex_);
    ++cancels;
    for (Task& task : tasks_) task.cancelled |= task.id == request;
  }

  void sleep(llm::SleepOptions how, llm::Told told) override {
    slept = how;
    asleep = asleep || order_result.has_value();
    told(order_result);
  }
  void wake(llm::Told told) override {
    asleep = asleep && !order_result.has_value();
    told(order_result);
  }
  llm::EngineStats stats() const override {
    llm::EngineStats stats;
    stats.sleep.sleeping = asleep;
    return stats;
  }

  llm::SleepOptions slept;         // of the last order
  Result<void> order_result = {};  // of all of them
  std::atomic<bool> asleep{false};
  size_t waiting_max = 1000;
  std::atomic<int> cancels{0}, ended{0};
  std::atomic<bool> fails{false};  // every generation ends with an error after 3 tokens
  std::atomic<int> token_microseconds{0};
  std::atomic<double> joules_a_token{0};
  std::atomic<uint32_t> thoughts_max{0};              // of the last request: its budget of thoughts
  std::atomic<bool> constrained{false}, lazy{false};  // … whether it has a grammar, and a lazy one
  llm::Admission admission;                           // … and whose turn it was
  std::string prompt;                                 // … and its text
  std::string script;  // what every answer is, a few bytes a token; "" = words drawn by seed
  std::vector<std::string> scripts;  // instead: the one of the seed, modulo their number
  std::string prompt_end;            // of every conversation
  void speak(std::string_view chat_template) { dialect_ = dialect::dialect_of(chat_template); }

 private:
  static constexpr size_t kWords = 8;
  struct Task {
    uint64_t id = 0, state = 0;
    llm::GenerateRequest request;
    llm::EventSink sink;
    uint32_t generated = 0;
    std::string text = {};  // all of it
    size_t told = 0;        // bytes of it
    llm::LineEnd line = {};
    bool cancelled = false, prompt_told = false;
  };

  void serve() {
    std::unique_lock lock(mutex_);
    while (!over_) {
      if (tasks_.empty()) {
        changed_.wait(lock);
        continue;
      }
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      const bool cancelled = task.cancelled;
      tasks_.emplace_back();  // holds its place, so that a cancel finds it
      tasks_.back().id = task.id;
      lock.unlock();
      if (token_microseconds > 0)
        std::this_thread::sleep_for(std::chrono::microseconds(token_microseconds));
      const bool ended_now = step(task, cancelled);
      lock.lock();
      const auto held = std::find_if(tasks_.begin(), tasks_.end(),
                                     [&](const Task& other) { return other.id == task.id; });
      task.cancelled |= held->cancelled;
      if (ended_now) {
        tasks_.erase(held);
        ++ended;
      } else {
        *held = std::move(task);
      }
    }
  }

  // One token; true if it was the last.
  bool step(Task& task, bool cancelled) {
    llm::GenerateEvent event;
    event.prompt_tokens = static_cast<uint32_t>(task.request.prompt.size());
    event.cached_tokens = event.prompt_tokens / 2;
    if (cancelled) event.finish = llm::FinishReason::cancelled;
    if (!cancelled && fails && task.generated == 3) {
      event.finish = llm::FinishReason::error;
      event.error = {ErrorKind::io, "the fake has failed"};
    }
    if (task.request.echo_logprobs && !std::exchange(task.prompt_told, true)) {
      for (const TokenId token : task.request.prompt)
        tell(event, task, token, event.tokens.empty() ? NAN : -2.0F);
    }
    if (task.request.embed) {
      event.embedding = {0.6F, 0.0F, 0.8F};
      if (task.request.prompt.size() % 2 == 0) event.embedding = {0.0F, 1.0F, 0.0F};
      event.finish = llm::FinishReason::stop;
    }
    if (event.finish == llm::FinishReason::none) grow(event, task);
    event.generated_tokens = task.generated;
    event.joules = joules_a_token * task.generated;
    const bool last = event.finish != llm::FinishReason::none;
    task.sink(std::move(event));
    return last;
  }

  void grow(llm::GenerateEvent& event, Task& task) {
    const std::string& said =
        scripts.empty() ? script : scripts[task.request.sampling.seed % scripts.size()];
    task.state = task.state * 6364136223846793005U + 1442695040888963407U;
    const auto token = static_cast<TokenId>(256 + (task.state >> 40) % kWords);
    tell(event, task, token, -1.5F);
    const std::string rest = said.substr(std::min(said.size(), task.text.size()));
    std::string piece =
        said.empty() ? decode(std::span(&token, 1)) : rest.substr(0, 1 + task.state % 5);
    if (const size_t line = piece.find('\n'); task.request.step && line != piece.npos)
      piece.resize(line + 1);
    task.text += piece;
    task.line.feed(piece);
    ++task.generated;
    event.step = task.request.step && task.line.reached();
    if (event.step || (!said.empty() && task.text.size() >= said.size()))
      event.finish = llm::FinishReason::stop;
    const uint32_t usual = said.empty() ? 40 : 100'000;
    const uint32_t most = task.request.tokens_max == 0 ? usual : task.request.tokens_max;
    if (task.generated >= most) event.finish = llm::FinishReason::length;
    size_t end = task.text.size(), hold = 0;
    for (const std::string& stop : task.request.stop) {
      hold = std::max(hold, stop.size() - 1);
      const size_t at = task.text.find(stop);
      if (at == std::string::npos) continue;
      end = std::min(end, at);
      event.finish = llm::FinishReason::stop;
    }
    if (event.finish == llm::FinishReason::none) end -= std::min(end, hold);
    while (end < task.text.size() && (task.text[end] & 0xC0) == 0x80) --end;
    if (end > task.told) event.text = task.text.substr(task.told, end - task.told);
    task.told = std::max(task.told, end);
  }

  static void tell(llm::GenerateEvent& event, const Task& task, TokenId token, float logprob) {
    event.tokens.push_back(token);
    if (task.request.logprobs < 0) return;
    event.logprobs.push_back({token, logprob});
    event.alternatives.emplace_back();
    for (int i = 0; i < task.request.logprobs; ++i)
      event.alternatives.back().push_back({static_cast<TokenId>('a' + i), logprob - 1});
  }

  service::ModelInfo info_;
  dialect::Dialect dialect_ = dialect::dialect_of("{{ tools }}");
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  uint64_t last_id_ = 0;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace mill::inference::testing
