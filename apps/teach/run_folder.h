#pragma once
// The folder of a training:
//   base/                the model as a Hugging Face folder, where it was a GGUF file
//   checkpoint-000050/   what a later process goes on from; the newest one is kept
//   losses.jsonl         {"step", "loss", "gradient_norm", "learning_rate", "tokens"[,
//   "validation"]} adapter/ or model/   the result report.html          the curves

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"
#include "learn/trainer.h"

namespace mill::apps {

class RunFolder {
 public:
  static Result<RunFolder> open(const std::filesystem::path&);  // makes it, where there is none

  std::filesystem::path base() const { return path_ / "base"; }
  std::filesystem::path result(const char* name) const { return path_ / name; }
  Result<void> clear_result(const char* name) const;

  std::filesystem::path checkpoint(int64_t step) const;
  Result<std::optional<std::filesystem::path>> newest_checkpoint() const;
  Result<void> drop_checkpoints_before(int64_t step) const;

  // Of the losses that an earlier process wrote, those of the first `steps` stay.
  Result<void> keep_losses(int64_t steps) const;
  Result<void> add_loss(const learn::StepFigures&, std::optional<double> validation) const;

  Result<void> save_model(learn::Decoder&, const std::filesystem::path& hf_folder) const;
  Result<void> write_report() const;

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

std::string spoken_time(double seconds);  // "2 h 05 min", "3 min 20 s", "12 s"

}  // namespace mill::apps
