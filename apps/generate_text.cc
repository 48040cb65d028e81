#include "apps/generate_text.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>

namespace mill::apps {
namespace {

std::atomic<int> interrupts{0};  // what a signal handler may touch, and nothing else

// Ctrl-C means "that is enough" while an answer comes, and its usual thing again afterwards.
class InterruptGuard {
 public:
  InterruptGuard() {
    interrupts = 0;
    struct sigaction action = {};
    action.sa_handler = [](int) { ++interrupts; };
    sigaction(SIGINT, &action, &before_);
  }
  ~InterruptGuard() { sigaction(SIGINT, &before_, nullptr); }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction before_ = {};
};

// Events come on the engine's thread and are printed by the caller's.
struct Mailbox {
  std::mutex mutex;
  std::condition_variable changed;
  std::string text;
  llm::GenerateEvent last;

  void put(llm::GenerateEvent&& event) {
    const std::lock_guard lock(mutex);
    text += event.text;
    last = std::move(event);
    changed.notify_one();
  }
};

const char* finish_name(llm::FinishReason finish) {
  if (finish == llm::FinishReason::cancelled) return "cancelled";
  return finish == llm::FinishReason::length ? "length" : "stop";
}

}  // namespace

void add_sampling_options(CLI::App& command, SamplingFlags& flags) {
  command.add_option("--max-tokens", flags.tokens_max, "Longest answer [what the context holds]");
  command.add_option("--temperature", flags.temperature, "0 = always the likeliest [0.7]");
  command.add_option("--top-p", flags.top_p, "Draw from the likeliest that make up so much [1]");
  command.add_option("--top-k", flags.top_k, "Draw from so many of the likeliest [all]");
  command.add_option("--min-p", flags.min_p, "Drop what is so much less likely than the best [0]");
  command.add_option("--seed", flags.seed, "The same seed, the same answer [another each time]");
  command.add_option("--stop", flags.stop, "End before this text (can be repeated)");
}

Result<llm::GenerateRequest> request_for(std::vector<TokenId> prompt, const SamplingFlags& flags) {
  llm::GenerateRequest request;
  request.prompt = std::move(prompt);
  request.tokens_max = flags.tokens_max;
  request.stop = flags.stop;
  request.sampling.temperature = flags.temperature;
  request.sampling.top_p = flags.top_p;
  request.sampling.top_k = flags.top_k;
  request.sampling.min_p = flags.min_p;
  request.sampling.seed = flags.seed ? *flags.seed : std::random_device()();
  TRY(request.sampling.validate());
  return request;
}

Result<Generated> generate(service::ServedModel& model, llm::GenerateRequest request,
                           const std::function<void(std::string_view)>& on_text) {
  const InterruptGuard guard;
  auto mailbox = std::make_shared<Mailbox>();
  TRY_ASSIGN(const uint64_t id,
             model.submit(std::move(request), [mailbox](llm::GenerateEvent&& event) {
               mailbox->put(std::move(event));
             }));
  Generated out;
  std::unique_lock lock(mailbox->mutex);
  while (out.finish == llm::FinishReason::none) {
    mailbox->changed.wait_for(lock, std::chrono::milliseconds(50));
    const std::string text = std::exchange(mailbox->text, {});
    out.finish = mailbox->last.finish;
    lock.unlock();
    if (!text.empty()) on_text(text);
    out.text += text;
    if (interrupts > 0) model.cancel(id);
    lock.lock();
  }
  if (out.finish == llm::FinishReason::error)
    return fail(ErrorKind::io, "the generation failed: {}", mailbox->last.error.message);
  out.prompt_tokens = mailbox->last.prompt_tokens;
  out.cached_tokens = mailbox->last.cached_tokens;
  out.generated_tokens = mailbox->last.generated_tokens;
  return out;
}

std::string generated_json(const Generated& generated) {
  const nlohmann::ordered_json json = {{"text", generated.text},
                                       {"finish_reason", finish_name(generated.finish)},
                                       {"usage",
                                        {{"prompt_tokens", generated.prompt_tokens},
                                         {"cached_tokens", generated.cached_tokens},
                                         {"completion_tokens", generated.generated_tokens}}}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace mill::apps
