#include "apps/build_package.h"

#include <fmt/core.h>

#include <filesystem>

#include "apps/model_store.h"
#include "apps/open_engine.h"
#include "base/new_folder.h"
#include "data/package/package.h"
#include "llm/open_runner.h"
#include "llm/transformer/model.h"
#include "llm/transformer/state.h"

namespace mill::apps {
namespace {

namespace fs = std::filesystem;

Result<void> copy_model(const fs::path& from, const fs::path& to) {
  std::error_code error;
  const auto how = fs::copy_options::recursive;
  if (fs::is_directory(from, error)) {
    fs::copy(from, to, how, error);
  } else {
    fs::copy_file(from, to / from.filename(), error);
  }
  if (error) return fail(ErrorKind::io, "{}: {}", from.string(), error.message());
  return {};
}

Result<void> fill_memory(const fs::path& root, package::Profile& profile) {
  if (profile.memory_fixed != 0) return {};
  const fs::path path = profile.model == "." ? root : root / profile.model;
  TRY_ASSIGN(ModelFile opened, open_model_file(path));
  TRY_ASSIGN(const llm::ModelDescription model,
             llm::describe_model(std::make_shared<const ModelFile>(std::move(opened))));
  TRY_ASSIGN(const kernels::KvType type, kv_type_of(profile.kv_format));
  const llm::ModelConfig& c = model.config;
  const kernels::KvLayout layout{type, c.head_dim};
  const size_t block = size_t{c.layers} * c.kv_heads * layout.bytes();
  profile.memory_fixed =
      llm::packed_model_bytes(model) + llm::buffer_bytes(c, llm::RunnerOptions{}.batch_tokens_max);
  profile.memory_per_token = (block + llm::kBlockTokens - 1) / llm::kBlockTokens;
  return {};
}

Result<package::Manifest> draft_of(const std::string& path) {
  TRY_ASSIGN(const std::string text, package::read_small_file(path));
  auto draft = package::parse_manifest(text, package::Stage::draft);
  if (!draft) return within(path, draft.error());
  return draft;
}

}  // namespace

Result<void> build_package(const BuildOptions& options) {
  TRY_ASSIGN(package::Manifest manifest, draft_of(options.draft));
  TRY_ASSIGN(const fs::path model, resolve_model(options.model));
  TRY_ASSIGN(NewFolder folder, NewFolder::create(options.output));
  TRY(copy_model(model, folder.path()));
  TRY_ASSIGN(manifest.files, package::list_files(folder.path()));
  for (package::Profile& profile : manifest.profiles) {
    if (const auto filled = fill_memory(folder.path(), profile); !filled)
      return within("profile " + profile.name, filled.error());
  }
  const std::string text = package::manifest_text(manifest);
  TRY(package::parse_manifest(text));
  TRY(package::write_small_file(folder.path() / package::kManifestName, text));
  TRY(folder.commit());
  fmt::print("built: {} {}, {} files in {}\n", manifest.name, manifest.version,
             manifest.files.size(), options.output);
  return {};
}

}  // namespace mill::apps
