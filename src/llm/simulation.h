#pragma once
// For tests: the determinism contract, on any Runner. Requests arrive at seeded random times, some
// go away again, and each answer is compared, bit for bit, with that of the same request alone and
// without speculation.

#include <algorithm>
#include <bit>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "llm/engine_core.h"

namespace mill::llm {

struct World {
  // A fresh Runner, the same each time but for its number of blocks.
  std::function<std::unique_ptr<Runner>(uint32_t blocks)> runner;
  Vocabulary vocabulary;
  uint32_t requests = 64;
  uint32_t prompt_max = 90, answer_max = 100;               // must fit into the context, together
  uint32_t arrival_steps = 60;                              // requests arrive within so many steps
  bool sleeps = false;                                      // the engine sleeps now and then
  std::function<std::string(const EngineCore&)> look = {};  // after each step; "" = all is well
};

// Everything that a request was told.
struct Transcript {
  std::string text = {}, error = {};
  std::vector<TokenId> tokens = {};
  std::vector<uint32_t> numbers = {};  // logprobs and alternatives, as bits
  FinishReason finish = FinishReason::none;

  bool operator==(const Transcript&) const = default;

  void add(const GenerateEvent& event) {
    text += event.text;
    error += event.error.message;
    tokens.insert(tokens.end(), event.tokens.begin(), event.tokens.end());
    for (size_t i = 0; i < event.logprobs.size(); ++i) {
      add(event.logprobs[i]);
      for (const TokenLogprob& it : event.alternatives[i]) add(it);
    }
    finish = event.finish;
  }

  // Is this what the other one began with?
  bool begins(const Transcript& whole) const {
    const auto starts = [](const auto& part, const auto& all) {
      return part.size() <= all.size() && std::equal(part.begin(), part.end(), all.begin());
    };
    return starts(text, whole.text) && starts(tokens, whole.tokens) &&
           starts(numbers, whole.numbers);
  }

 private:
  void add(const TokenLogprob& it) {
    numbers.push_back(static_cast<uint32_t>(it.token));
    numbers.push_back(std::bit_cast<uint32_t>(it.logprob));
  }
};

class Simulation {
 public:
  Simulation(const World& world, uint32_t seed)
      : world_(world), random_(seed), tenants_(1 + seed % 4) {
    Runner& runner = *(probe_ = world_.runner(1));
    vocab_ = runner.vocab_size();
    context_blocks_ = (runner.context_max() + kBlockTokens - 1) / kBlockTokens;
    for (uint32_t i = 0; i < 4; ++i) texts_.push_back(random_tokens(world_.prompt_max));
  }

  // The first difference or broken invariant; "" if there is none.
  std::string run() {
    for (uint32_t i = 0; i < world_.requests; ++i)
      visits_.push_back({.request = random_request(),
                         .arrives = pick(world_.arrival_steps),
                         .leaves = one_in(6) ? pick(2 * world_.arrival_steps) : UINT32_MAX});
    for (size_t i = 1; i < visits_.size(); ++i)  // several paths from one prompt
      if (visits_[i].request.prompt == visits_[i - 1].request.prompt && one_in(2))
        visits_[i].arrives = visits_[i - 1].arrives;
    std::ranges::sort(visits_, {}, &Visit::arrives);
    if (std::string broken = run_together(random_options()); !broken.empty()) return broken;
    for (size_t i = 0; i < visits_.size(); ++i)
      if (!as_alone(visits_[i])) return fmt::format("request {} differs from itself alone", i);
    return "";
  }

  const EngineStats& stats() const { return stats_; }  // of the run, together
  uint32_t sleeps() const { return sleeps_; }

  GenerateRequest random_request() {
    GenerateRequest request;
    request.prompt = random_prompt();
    request.tokens_max = 1 + pick(world_.answer_max);
    request.sampling = random_sampling();
    if (one_in(3)) request.stop = {"AB", "é", "\n\n"};
    if (one_in(3)) request.logprobs = static_cast<int>(pick(4));
    request.echo_logprobs = one_in(6);
    request.ignore_end = one_in(4);
    request.admission = {.tenant = std::string(pick(tenants_), 't'),
                         .priority = static_cast<int32_t>(pick(3)) - 1};
    return request;
  }

  Transcript alone(const GenerateRequest& request) const {
    const auto runner = world_.runner(context_blocks_);
    EngineCore core(*runner, world_.vocabulary,
                    {.prefix_cache = false, .speculation = Speculation::off});
    Transcript transcript;
    core.add(1, request, [&](GenerateEvent&& event) { transcript.add(event); });
    while (core.step()) continue;
    return transcript;
  }

 private:
  struct Visit {
    GenerateRequest request = {};
    uint32_t arrives = 0, leaves = UINT32_MAX;  // steps
    Transcript told = {};
  };

  uint32_t pick(uint32_t below) { return static_cast<uint32_t>(random_() % below); }
  bool one_in(uint32_t n) { return pick(n) == 0; }

  std::vector<TokenId> random_tokens(uint32_t count) {
    std::vector<TokenId> tokens(count);
    for (TokenId& token : tokens) token = static_cast<TokenId>(pick(vocab_));
    return tokens;
  }

  // Mostly the beginning of one of few texts, with an end of its own, or the last one again:
  // prefixes are shared, and whole prompts.
  std::vector<TokenId> random_prompt() {
    if (!visits_.empty() && one_in(4)) return visits_.back().request.prompt;
    const uint32_t length = 1 + pick(world_.prompt_max);
    std::vector<TokenId> prompt = random_tokens(length);
    if (one_in(4)) return prompt;
    const auto& text = texts_[pick(static_cast<uint32_t>(texts_.size()))];
    std::copy_n(text.begin(), one_in(3) ? length : pick(length + 1), prompt.begin());
    return prompt;
  }

  SamplingOptions random_sampling() {
    SamplingOptions options{.temperature = one_in(3) ? 0.0F : 1.0F, .seed = random_()};
    if (one_in(2)) options.top_k = 1 + pick(20);
    if (one_in(2)) options.top_p = 0.8F;
    if (one_in(4)) options.repetition_penalty = 1.2F;
    if (one_in(4)) options.presence_penalty = 0.5F;
    return options;
  }

  EngineOptions random_options() {
    return {.chunk_tokens = 1 + pick(one_in(2) ? 20 : 200),
            .running_max = 1 + pick(40),
            .prefix_cache = !one_in(3),
            .speculation = one_in(4) ? Speculation::off : Speculation::lookup,
            .quantum_tokens = 1 + pick(one_in(2) ? 20 : 200)};
  }

  std::string run_together(const EngineOptions& options) {
    auto runner = random_runner();
    EngineCore core(*runner, world_.vocabulary, options);
    size_t arrived = 0;
    for (uint32_t now = 0; arrived < visits_.size() || core.active() > 0; ++now) {
      for (; arrived < visits_.size() && visits_[arrived].arrives <= now; ++arrived)
        arrive(core, arrived);
      for (size_t i = 0; i < arrived; ++i)
        if (visits_[i].leaves == now) core.cancel(i + 1);
      if (world_.sleeps) doze(core, runner, now);
      core.step();
      if (std::string broken = violation(core.schedule()); !broken.empty()) return broken;
      if (std::string seen = world_.look ? world_.look(core) : ""; !seen.empty()) return seen;
      if (now > 1'000'000) return "it does not come to an end";
    }
    stats_ = core.stats();
    return stats_.blocks_used == 0 ? "" : "blocks are held by nobody";
  }

  std::unique_ptr<Runner> random_runner() {
    return world_.runner(context_blocks_ + pick(one_in(2) ? 3 : 4 * context_blocks_));
  }

  // What llm/sleeper.h does, at random steps: those that run come to their end, or are parked.
  void doze(EngineCore& core, std::unique_ptr<Runner>& runner, uint32_t now) {
    if (runner == nullptr && now >= wakes_) {
      runner = random_runner();
      core.resume(*runner);
      closing_ = false;
    } else if (runner != nullptr && !closing_ && one_in(30)) {
      core.close();
      closing_ = true;
      if (one_in(2)) core.suspend();
    }
    if (runner == nullptr || !closing_ || !core.quiet()) return;
    core.rest();
    runner = nullptr;
    wakes_ = now + pick(20);
    ++sleeps_;
  }

  void arrive(EngineCore& core, size_t i) {
    Visit& visit = visits_[i];
    core.add(i + 1, visit.request, [&visit](GenerateEvent&& event) { visit.told.add(event); });
  }

  bool as_alone(const Visit& visit) const {
    const Transcript whole = alone(visit.request);
    if (visit.told.finish == FinishReason::cancelled) return visit.told.begins(whole);
    return visit.told == whole;
  }

  const World& world_;
  std::mt19937_64 random_;
  uint32_t tenants_;
  std::unique_ptr<Runner> probe_;
  uint32_t vocab_ = 0, context_blocks_ = 0;
  std::vector<std::vector<TokenId>> texts_;
  std::vector<Visit> visits_;
  EngineStats stats_;
  bool closing_ = false;
  uint32_t wakes_ = 0, sleeps_ = 0;  // the step in which it wakes
};

}  // namespace mill::llm
