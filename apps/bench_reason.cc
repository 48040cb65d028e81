#include "apps/bench_reason.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "apps/model_store.h"
#include "base/team.h"
#include "kernels/ops.h"
#include "llm/engine_core.h"
#include "llm/open_runner.h"

namespace mill::apps {
namespace {

struct ReasonOptions {
  std::string model;
  PathsCase paths = {};
  unsigned threads = 0;
  uint32_t rounds = 3;
  bool json = false;
};

double seconds_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Of arbitrary tokens, and drawn, since paths differ in what is drawn.
llm::GenerateRequest path_of(const PathsCase& c, uint32_t vocab, uint64_t seed) {
  llm::GenerateRequest request{.tokens_max = c.answer, .ignore_end = true};
  for (uint32_t i = 0; i < c.prompt; ++i)
    request.prompt.push_back(static_cast<TokenId>((uint64_t{i} * 7919 + 11) % vocab));
  request.sampling = {.temperature = 0.7F, .seed = seed};
  return request;
}

PathsCost middle_of(std::vector<PathsCost> rounds) {
  std::ranges::sort(rounds, {}, &PathsCost::seconds);
  return rounds[rounds.size() / 2];
}

double rate_of(const PathsCost& cost) {
  return static_cast<double>(cost.generated_tokens) / std::max(cost.seconds, 1e-9);
}

nlohmann::ordered_json json_of(const PathsCost& cost) {
  return {{"prefill_tokens", cost.prefill_tokens},
          {"generated_tokens", cost.generated_tokens},
          {"blocks_peak", cost.blocks_peak},
          {"seconds", cost.seconds},
          {"tokens_per_s", rate_of(cost)}};
}

std::string line_of(const std::string& name, const PathsCost& cost) {
  return fmt::format("{:<22}{:>14}{:>11}{:>10.2f}{:>12.1f}\n", name, cost.prefill_tokens,
                     cost.blocks_peak, cost.seconds, rate_of(cost));
}

Result<std::unique_ptr<llm::Runner>> open_paths(const ReasonOptions& options,
                                                ReasonReport& report) {
  TRY_ASSIGN(const auto path, resolve_model(options.model));
  report.model = path.string();
  TRY_ASSIGN(ModelFile file, open_model_file(path));
  TRY_ASSIGN(llm::ModelDescription description,
             llm::describe_model(std::make_shared<ModelFile>(std::move(file))));
  TRY_ASSIGN(const kernels::Ops* ops, kernels::choose_ops());
  report.isa = ops->name;
  report.threads = Team(options.threads).size();
  return llm::open_runner(std::make_shared<const llm::ModelDescription>(std::move(description)),
                          {.threads = report.threads,
                           .context_tokens = options.paths.length(),
                           .kv_tokens = blocks_of(options.paths) * llm::kBlockTokens,
                           .batch_tokens_max = std::max(576U, options.paths.n)});
}

// In turn, so that a machine that grows slower does so for all; the first round warms up.
Result<void> bench_reason(const ReasonOptions& options) {
  ReasonReport report{.paths = options.paths};
  TRY_ASSIGN(const auto runner, open_paths(options, report));
  std::vector<PathsCost> one, together, separate;
  PathsCase alone = options.paths;
  alone.n = 1;
  for (uint32_t round = 0; round <= options.rounds; ++round) {
    if (!options.json)
      fmt::print(stderr, "{}\n",
                 round == 0 ? "warm-up" : fmt::format("round {} of {}", round, options.rounds));
    const PathsCost costs[] = {run_paths(*runner, alone, true),
                               run_paths(*runner, options.paths, true),
                               run_paths(*runner, options.paths, false)};
    if (round == 0) continue;
    one.push_back(costs[0]);
    together.push_back(costs[1]);
    separate.push_back(costs[2]);
  }
  report.one = middle_of(std::move(one));
  report.together = middle_of(std::move(together));
  report.separate = middle_of(std::move(separate));
  if (options.json) {
    fmt::print("{}\n", json_of(report).dump());
  } else {
    fmt::print("{}", table_of(report));
  }
  return {};
}

}  // namespace

uint32_t blocks_of(const PathsCase& c) {
  return c.n * ((c.length() + llm::kBlockTokens - 1) / llm::kBlockTokens + 1);
}

PathsCost run_paths(llm::Runner& runner, const PathsCase& c, bool shared) {
  llm::EngineCore core(runner,
                       {.piece = [](TokenId) { return std::string("x"); },
                        .ends_generation = [](TokenId) { return false; }},
                       {.running_max = std::max(c.n, 1U),
                        .prefix_cache = shared,
                        .speculation = llm::Speculation::off});
  PathsCost cost;
  const double start = seconds_now();
  for (uint32_t i = 0; i < c.n; ++i)
    core.add(i + 1, path_of(c, runner.vocab_size(), i), [](llm::GenerateEvent&&) {});
  while (core.step()) cost.blocks_peak = std::max(cost.blocks_peak, core.stats().blocks_used);
  cost.seconds = seconds_now() - start;
  cost.prefill_tokens = core.stats().prefill_tokens;
  cost.generated_tokens = core.stats().generated_tokens;
  return cost;
}

double ReasonReport::prefill_ratio() const {
  return static_cast<double>(together.prefill_tokens) / static_cast<double>(one.prefill_tokens);
}

double ReasonReport::speed_ratio() const { return separate.seconds / together.seconds; }

nlohmann::ordered_json json_of(const ReasonReport& report) {
  return {{"model", report.model},
          {"isa", report.isa},
          {"threads", report.threads},
          {"n", report.paths.n},
          {"prompt_tokens", report.paths.prompt},
          {"answer_tokens", report.paths.answer},
          {"one", json_of(report.one)},
          {"paths", json_of(report.together)},
          {"separate", json_of(report.separate)},
          {"prefill_ratio", report.prefill_ratio()},
          {"prefill_ratio_asked", kPrefillRatioAsked},
          {"speed_ratio", report.speed_ratio()},
          {"speed_ratio_asked", kSpeedRatioAsked}};
}

std::string table_of(const ReasonReport& report) {
  const uint32_t n = report.paths.n;
  std::string text =
      fmt::format("{}, {}, {} threads; a prompt of {} tokens, answers of {}\n", report.model,
                  report.isa, report.threads, report.paths.prompt, report.paths.answer);
  text += fmt::format("{:<22}{:>14}{:>11}{:>10}{:>12}\n", "", "prompt tokens", "KV blocks",
                      "seconds", "tokens/s");
  text += line_of("one path", report.one);
  text += line_of(fmt::format("{} paths", n), report.together);
  text += line_of(fmt::format("{} separate requests", n), report.separate);
  text += fmt::format("work on the prompt, of {} paths to one: {:.3f} (asked: at most {})\n", n,
                      report.prefill_ratio(), kPrefillRatioAsked);
  text += fmt::format("faster than {} separate requests: {:.2f} times (asked: at least {})\n", n,
                      report.speed_ratio(), kSpeedRatioAsked);
  return text;
}

Run add_bench_reason(CLI::App& command) {
  auto options = std::make_shared<ReasonOptions>();
  command.add_option("model", options->model, "A model's name or path [default]");
  command.add_option("--n", options->paths.n, "Paths [32]")->check(CLI::Range(1, 256));
  command.add_option("--prompt-tokens", options->paths.prompt, "Of the prompt [512]")
      ->check(CLI::Range(1, 100'000));
  command.add_option("--answer-tokens", options->paths.answer, "Of each path [64]")
      ->check(CLI::Range(1, 100'000));
  command.add_option("--threads", options->threads, "Threads; 0 = one for each processor");
  command.add_option("--rounds", options->rounds, "Runs of each, of which the middle counts [3]")
      ->check(CLI::Range(1, 1000));
  command.add_flag("--json", options->json, "Print one JSON object");
  return [options] { return bench_reason(*options); };
}

}  // namespace mill::apps
