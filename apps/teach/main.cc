// tokenmill-teach, which `tokenmill teach` becomes: a model learns from conversations.

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "apps/chat_template_source.h"
#include "apps/model_store.h"
#include "apps/teach/run_folder.h"
#include "apps/teach/teach_options.h"
#include "learn/needs.h"
#include "llm/models/gguf_to_hf.h"

namespace mill::apps {
namespace {

using learn::ChatFile;
using learn::Decoder;
using learn::NamedTensor;

// What is read before the first step.
struct Lesson {
  Decoder model;
  ChatFile data, validation;
  std::string base;                 // where the model lies
  std::filesystem::path hf_folder;  // the same, or what it was converted into
};

// Only Hugging Face's format is taught from; a GGUF file is converted once, into the run's folder.
Result<ModelFile> open_teachable(const std::filesystem::path& path, const RunFolder& run) {
  TRY_ASSIGN(ModelFile file, open_model_file(path));
  if (file.format == ModelFormat::hugging_face) return file;
  if (!std::filesystem::exists(run.base())) {
    fmt::print("converting {} into {}\n", path.string(), run.base().string());
    RequantizeOptions options;
    options.dtype = DType::F32;
    TRY(llm::convert_to_hf_folder(path, run.base(), options));
  }
  return open_model_file(run.base());
}

void print_data(const char* what, const ChatFile& file, size_t tokens_max) {
  fmt::print("{}: {} conversations, {} tokens, {} of them taught\n", what, file.documents.size(),
             file.tokens, file.labels);
  if (file.cut > 0)
    fmt::print("  {} were longer than {} tokens and have been cut; --batch-tokens holds more\n",
               file.cut, tokens_max);
}

Result<Lesson> prepare(const TeachOptions& options, const RunFolder& run) {
  TRY_ASSIGN(const std::filesystem::path path, resolve_model(options.model));
  TRY_ASSIGN(const ModelFile file, open_teachable(path, run));
  TRY_ASSIGN(const Tokenizer tokenizer, Tokenizer::open(file));
  TRY_ASSIGN(const std::string source, chat_template_source(file));
  TRY_ASSIGN(const ChatTemplate chat_template, ChatTemplate::compile(source));
  const learn::ChatFormat format{tokenizer, chat_template};
  Lesson out;
  out.base = path.string();
  out.hf_folder = file.path;
  const size_t longest = options.train.batch_tokens;
  TRY_ASSIGN(out.data, learn::read_chat_file(options.data, format, longest));
  print_data(options.data.c_str(), out.data, longest);
  if (!options.validation.empty()) {
    TRY_ASSIGN(out.validation, learn::read_chat_file(options.validation, format, longest));
    print_data(options.validation.c_str(), out.validation, longest);
  }
  TRY_ASSIGN(out.model, learn::load_decoder(file));
  return out;
}

Result<std::vector<NamedTensor>> choose_parameters(const TeachOptions& options, Decoder& model) {
  if (options.method == "lora") {
    TRY(learn::add_lora(model, options.lora));
    return learn::lora_tensors(model);
  }
  std::vector<NamedTensor> all = learn::tensors_of(model);
  for (const NamedTensor& it : all) it.tensor->requires_grad_(true);
  if (model.config.tied_embeddings) model.head = model.embedding;
  return all;
}

// How many steps --epochs come to: as many batches as that many orders of the data make.
int64_t steps_of(const TeachOptions& options, const ChatFile& data) {
  if (options.epochs <= 0) return options.train.steps;
  const auto batches = static_cast<double>(
      learn::pack(data.documents, options.train.batch_tokens, options.train.seed).size());
  const double steps = options.epochs * batches / static_cast<double>(options.train.accumulate);
  return std::max<int64_t>(1, std::llround(steps));
}

class Teaching {
 public:
  Teaching(const TeachOptions& options, const RunFolder& run, Lesson& lesson,
           std::vector<NamedTensor> parameters)
      : options_(options),
        run_(run),
        lesson_(lesson),
        trainer_(lesson.model, std::move(parameters), lesson.data.documents, options.train) {}

  Result<void> run() {
    TRY(go_on());
    for (int64_t at = trainer_.steps_done(); at < options_.train.steps; ++at) {
      TRY(step());
    }
    return finish();
  }

 private:
  Result<void> go_on() {
    TRY_ASSIGN(const auto checkpoint, run_.newest_checkpoint());
    if (!checkpoint) return run_.keep_losses(0);
    TRY(trainer_.resume(*checkpoint));
    fmt::print("going on after step {}\n", trainer_.steps_done());
    return run_.keep_losses(trainer_.steps_done());
  }

  Result<void> step() {
    const auto begun = std::chrono::steady_clock::now();
    const learn::StepFigures figures = trainer_.step();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    if (!std::isfinite(figures.loss) || !std::isfinite(figures.gradient_norm))
      return fail(ErrorKind::invalid,
                  "step {}: the loss is no number any more; a lower --learning-rate or a --warmup "
                  "helps. The last checkpoint is from before",
                  figures.step);
    seconds_ = seconds_ == 0.0 ? took.count() : 0.9 * seconds_ + 0.1 * took.count();
    const double left = seconds_ * static_cast<double>(options_.train.steps - figures.step);
    fmt::print("step {}/{}  loss {:.4f}  gradient {:.3f}  rate {:.2e}  {:.0f} tokens/s  {} left\n",
               figures.step, options_.train.steps, figures.loss, figures.gradient_norm,
               figures.learning_rate, static_cast<double>(figures.tokens) / took.count(),
               spoken_time(left));
    std::fflush(stdout);
    TRY(run_.add_loss(figures, measured_now(figures.step)));
    if (is_due(options_.checkpoint_every, figures.step)) TRY(save(figures.step));
    return {};
  }

  static bool is_due(int64_t every, int64_t step) { return every > 0 && step % every == 0; }

  std::optional<double> measured_now(int64_t step) const {
    const bool due = is_due(options_.validate_every, step) || step == options_.train.steps;
    if (lesson_.validation.documents.empty() || !due) return std::nullopt;
    const double loss =
        learn::mean_loss(lesson_.model, lesson_.validation.documents, options_.train.batch_tokens);
    fmt::print("step {}: validation loss {:.4f}\n", step, loss);
    return loss;
  }

  Result<void> save(int64_t step) {
    TRY(trainer_.save(run_.checkpoint(step)));
    return run_.drop_checkpoints_before(step);
  }

  Result<void> finish() {
    const bool lora = options_.method == "lora";
    if (lora) {
      TRY(run_.clear_result("adapter"));
      TRY(learn::save_lora(lesson_.model, options_.lora, lesson_.base, run_.result("adapter")));
      fmt::print("{}: the adapter, as PEFT reads it\n", run_.result("adapter").string());
      learn::merge_lora(lesson_.model);
    }
    if (!lora || options_.merge) {
      TRY(run_.save_model(lesson_.model, lesson_.hf_folder));
      fmt::print("{0}: the model, as Hugging Face's; tokenmill chat {0} speaks with it\n",
                 run_.result("model").string());
    }
    fmt::print("{}: the curves\n", run_.result("report.html").string());
    return run_.write_report();
  }

  const TeachOptions& options_;
  const RunFolder& run_;
  Lesson& lesson_;
  learn::Trainer trainer_;
  double seconds_ = 0.0;  // of a step, lately
};

Result<void> teach(TeachOptions options) {
  if (options.threads > 0) at::set_num_threads(options.threads);
  TRY_ASSIGN(const RunFolder run, RunFolder::open(options.output));
  TRY_ASSIGN(Lesson lesson, prepare(options, run));
  options.train.steps = steps_of(options, lesson.data);
  TRY(options.train.validate());
  TRY_ASSIGN(auto parameters, choose_parameters(options, lesson.model));
  TRY(learn::check_memory(lesson.model, parameters, options.train, learn::memory_left()));
  Teaching teaching(options, run, lesson, std::move(parameters));
  return teaching.run();
}

int run(int argc, char** argv) {
  CLI::App app{"A model learns from conversations.", "tokenmill teach"};
  TeachOptions options;
  add_teach_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    const Result<void> result = teach(options);
    if (result) return 0;
    fmt::print(stderr, "tokenmill teach: {}\n", result.error().message);
    return result.error().kind == ErrorKind::invalid ? 2 : 6;
  } catch (const c10::Error& error) {  // LibTorch's: no memory, mostly
    fmt::print(stderr, "tokenmill teach: {}\n", error.what_without_backtrace());
    return 5;
  }
}

}  // namespace
}  // namespace mill::apps

int main(int argc, char** argv) { return mill::apps::run(argc, argv); }
