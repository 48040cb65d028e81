#include <fmt/core.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/command.h"
#include "apps/eval_ask.h"
#include "apps/eval_problems.h"
#include "apps/eval_tally.h"
#include "apps/open_engine.h"

namespace mill::apps {
namespace {

struct EvalOptions {
  ModelOptions model;
  EvalAsk ask;
  std::string data;
  size_t problems = 0;
};

nlohmann::ordered_json share_json(const Share& share) {
  return {{"value", share.value}, {"low", share.low}, {"high", share.high}};
}

std::string share_text(const Share& share) {
  return fmt::format("{:5.1f} % ({:4.1f}–{:4.1f})", 100 * share.value, 100 * share.low,
                     100 * share.high);
}

void print_rows(const std::string& model, size_t problems, const std::vector<EvalRow>& rows) {
  fmt::print("{} problems, {}; intervals of 95 %\n", problems, model);
  fmt::print("{:>7}  {:<20}  {:<20}  {:>8}\n", "samples", "most come to it", "one of them is right",
             "tokens");
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const EvalRow& row : rows) {
    fmt::print("{:>7}  {:<20}  {:<20}  {:8.0f}\n", row.samples, share_text(row.majority),
               share_text(row.any), row.tokens);
    list.push_back({{"samples", row.samples},
                    {"majority", share_json(row.majority)},
                    {"any", share_json(row.any)},
                    {"tokens", row.tokens}});
  }
  const nlohmann::ordered_json summary = {
      {"model", model}, {"problems", problems}, {"rows", std::move(list)}};
  fmt::print("{}\n", summary.dump());
}

Result<void> eval_gsm8k(const EvalOptions& options) {
  TRY_ASSIGN(const auto problems, read_problems(options.data, options.problems));
  TRY_ASSIGN(const auto model, open_engine(options.model));
  TRY_ASSIGN(const auto samples, ask_all(*model, problems, options.ask));
  std::vector<std::string> right;
  for (const Problem& it : problems) right.push_back(it.answer);
  print_rows(model->info().id, problems.size(), tally(right, samples));
  return {};
}

}  // namespace

Run add_eval(CLI::App& command) {
  auto options = std::make_shared<EvalOptions>();
  command.require_subcommand(1);
  CLI::App* gsm8k = command.add_subcommand(
      "gsm8k", "Grade-school problems: accuracy against the number of samples");
  add_model_options(*gsm8k, options->model);
  gsm8k
      ->add_option("--data", options->data,
                   "GSM8K's test.jsonl (github.com/openai/grade-school-math)")
      ->required();
  gsm8k->add_option("--problems", options->problems, "The first so many [all]");
  gsm8k->add_option("--samples", options->ask.samples, "Answers to each problem [1]")
      ->check(CLI::Range(1, 1024));
  gsm8k->add_option("--max-tokens", options->ask.tokens_max, "Longest answer [256]")
      ->check(CLI::Range(1, 1'000'000));
  gsm8k->add_option("--temperature", options->ask.temperature, "0 = always the likeliest [0.7]")
      ->check(CLI::Range(0.0, 2.0));
  gsm8k->add_option("--seed", options->ask.seed, "The same seed, the same answers [1]");
  gsm8k->add_option("--record", options->ask.record,
                    "Keep each answer's outcome in this file; a run that was cut off goes on from "
                    "it [nothing is kept]");
  gsm8k->footer("The last line is the table as one JSON object.");
  return [options] { return eval_gsm8k(*options); };
}

}  // namespace mill::apps
