#include "apps/teach/teach_options.h"

#include <map>

namespace mill::apps {
namespace {

void add_training(CLI::App& command, learn::TrainOptions& train) {
  command.add_option("--steps", train.steps, "Steps of the optimiser [100]")
      ->check(CLI::Range(int64_t{1}, int64_t{100'000'000}));
  command
      .add_option("--batch-tokens", train.batch_tokens,
                  "Conversations share a batch up to so many tokens; longer ones are cut [1024]")
      ->check(CLI::Range(2, 1'000'000));
  command.add_option("--accumulate", train.accumulate, "Batches to a step [1]")
      ->check(CLI::Range(1, 1'000'000));
  command.add_option("--learning-rate", train.adamw.learning_rate, "At its highest [2e-4]");
  command.add_option("--weight-decay", train.adamw.weight_decay, "AdamW's [0]");
  command.add_option("--clip", train.adamw.clip_norm, "Longest gradient; 0 = any [1]");
  const std::map<std::string, learn::Schedule> schedules = {{"constant", learn::Schedule::constant},
                                                            {"linear", learn::Schedule::linear},
                                                            {"cosine", learn::Schedule::cosine}};
  command.add_option("--schedule", train.schedule, "The rate after the warm-up [cosine]")
      ->transform(CLI::CheckedTransformer(schedules));
  command.add_option("--warmup", train.warmup, "Steps in which the rate rises from 0 [0]");
  command.add_option("--seed", train.seed, "The same seed, the same losses [1]");
  command.add_flag("--recompute", train.recompute,
                   "Compute layers twice: a third more work, little memory");
}

}  // namespace

void add_teach_options(CLI::App& command, TeachOptions& options) {
  command.add_option("model", options.model, "GGUF file, Hugging Face folder, or a name [default]");
  command
      .add_option("--data", options.data,
                  "Conversations in OpenAI's fine-tuning format, one a line (JSONL)")
      ->required();
  command.add_option("--validation", options.validation, "More of them, to measure on only");
  command
      .add_option("--output", options.output,
                  "The training's folder; one that is there already goes on from its checkpoint")
      ->required();
  command.add_option("--method", options.method, "lora, or full: all weights learn [lora]")
      ->check(CLI::IsMember({"lora", "full"}));
  command.add_flag("--merge", options.merge,
                   "Save the model with the adapter in it, besides the adapter");
  command.add_option("--rank", options.lora.rank, "Of the adapters [16]");
  command.add_option("--alpha", options.lora.alpha, "Adapters add alpha/rank of theirs [32]");
  command
      .add_option("--targets", options.lora.targets,
                  "Matrices that get an adapter: q_proj,v_proj,… or all [q_proj,v_proj]")
      ->delimiter(',');
  command.add_option("--epochs", options.epochs, "Times through the data, instead of --steps");
  command.add_option("--checkpoint-every", options.checkpoint_every, "Steps; 0 = never [50]");
  command.add_option("--validate-every", options.validate_every, "Steps; 0 = at the end [50]");
  command.add_option("--threads", options.threads, "0 = one for each processor [0]")
      ->check(CLI::Range(0, 1024));
  add_training(command, options.train);
}

}  // namespace mill::apps
