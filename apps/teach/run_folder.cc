#include "apps/teach/run_folder.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "apps/teach/report.h"
#include "base/new_folder.h"
#include "learn/tensor_file.h"

namespace mill::apps {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kCheckpoint = "checkpoint-";

std::unexpected<Error> failed(const fs::path& path, const std::error_code& error) {
  return fail(ErrorKind::io, "{}: {}", path.string(), error.message());
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) out.push_back(line);
  return out;
}

}  // namespace

Result<RunFolder> RunFolder::open(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return failed(path, error);
  return RunFolder(path);
}

Result<void> RunFolder::clear_result(const char* name) const {
  std::error_code error;
  fs::remove_all(result(name), error);
  if (error) return failed(result(name), error);
  return {};
}

fs::path RunFolder::checkpoint(int64_t step) const {
  return path_ / fmt::format("{}{:06}", kCheckpoint, step);
}

// Names of equal length sort as their numbers do.
Result<std::optional<fs::path>> RunFolder::newest_checkpoint() const {
  std::optional<fs::path> out;
  std::error_code error;
  for (const fs::directory_entry& it : fs::directory_iterator(path_, error)) {
    const std::string name = it.path().filename().string();
    const bool whole = name.starts_with(kCheckpoint) && name.find('.') == std::string::npos;
    if (whole && (!out || it.path() > *out)) out = it.path();
  }
  if (error) return failed(path_, error);
  return out;
}

Result<void> RunFolder::drop_checkpoints_before(int64_t step) const {
  std::error_code error;
  std::vector<fs::path> old;
  for (const fs::directory_entry& it : fs::directory_iterator(path_, error)) {
    const std::string name = it.path().filename().string();
    if (name.starts_with(kCheckpoint) && it.path() != checkpoint(step)) old.push_back(it.path());
  }
  for (const fs::path& path : old) fs::remove_all(path, error);
  if (error) return failed(path_, error);
  return {};
}

Result<void> RunFolder::keep_losses(int64_t steps) const {
  std::string kept;
  for (const std::string& line : lines_of(path_ / "losses.jsonl")) {
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_object() && json.value("step", steps + 1) <= steps) kept += line + "\n";
  }
  return learn::save_text(kept, path_ / "losses.jsonl");
}

Result<void> RunFolder::add_loss(const learn::StepFigures& figures,
                                 std::optional<double> validation) const {
  nlohmann::ordered_json json = {{"step", figures.step},
                                 {"loss", figures.loss},
                                 {"gradient_norm", figures.gradient_norm},
                                 {"learning_rate", figures.learning_rate},
                                 {"tokens", figures.tokens}};
  if (validation) json["validation"] = *validation;
  std::ofstream file(path_ / "losses.jsonl", std::ios::app);
  if (!(file << json.dump() << '\n').flush())
    return fail(ErrorKind::io, "{}: cannot be written; is the disk full? The last checkpoint stays",
                (path_ / "losses.jsonl").string());
  return {};
}

// What the model does not say of itself, its tokenizer and template, is the base's.
Result<void> RunFolder::save_model(learn::Decoder& model, const fs::path& hf_folder) const {
  TRY(clear_result("model"));
  TRY_ASSIGN(NewFolder place, NewFolder::create(result("model")));
  TRY(learn::save_tensors(learn::tensors_of(model), place.path() / "model.safetensors"));
  std::error_code error;
  for (const fs::directory_entry& it : fs::directory_iterator(hf_folder, error)) {
    const fs::path& name = it.path().filename();
    if (name.extension() == ".json" && name != "model.safetensors.index.json")
      fs::copy_file(it.path(), place.path() / name, error);
    if (name.extension() == ".jinja" || name == "tokenizer.model")
      fs::copy_file(it.path(), place.path() / name, error);
    if (error) return failed(it.path(), error);
  }
  if (error) return failed(hf_folder, error);
  return place.commit();
}

Result<void> RunFolder::write_report() const {
  std::vector<nlohmann::json> steps;
  for (const std::string& line : lines_of(path_ / "losses.jsonl"))
    steps.push_back(nlohmann::json::parse(line, nullptr, false));
  return learn::save_text(teaching_report(steps), path_ / "report.html");
}

std::string spoken_time(double seconds) {
  const auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace mill::apps
