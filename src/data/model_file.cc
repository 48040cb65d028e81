#include "data/model_file.h"

#include <algorithm>

#include "base/mapped_file.h"
#include "base/pages.h"
#include "data/gguf.h"
#include "data/hf_folder.h"

namespace mill {
namespace {

// gguf-split cuts large models into files that each look complete.
Result<void> refuse_part(const std::filesystem::path& path, const Gguf& file) {
  const auto found = file.metadata.find("split.count");
  if (found == file.metadata.end()) return {};
  const uint64_t* count = std::get_if<uint64_t>(&found->second);
  if (count == nullptr || *count < 2) return {};
  return fail(ErrorKind::unsupported,
              "{}: is one of {} parts of a model; join them first: llama-gguf-split --merge",
              path.string(), *count);
}

Result<ModelFile> open_gguf(const std::filesystem::path& path) {
  TRY_ASSIGN(const auto mapping, MappedFile::open(path));
  Result<Gguf> parsed = parse_gguf(mapping->bytes());
  if (!parsed) return within(path.string(), std::move(parsed).error());
  TRY(refuse_part(path, *parsed));
  ModelFile out;
  out.format = ModelFormat::gguf;
  out.path = path;
  out.metadata = std::move(parsed->metadata);
  out.tensors = std::move(parsed->tensors);
  std::ranges::sort(out.tensors, {}, &Tensor::name);
  out.mappings.push_back(mapping);
  return out;
}

}  // namespace

const Tensor* ModelFile::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(tensors, name, {}, &Tensor::name);
  return found != tensors.end() && found->name == name ? &*found : nullptr;
}

const MetaValue* ModelFile::meta(std::string_view key) const {
  const auto found = metadata.find(key);
  return found != metadata.end() ? &found->second : nullptr;
}

bool ModelFile::maps(const Tensor& tensor) const {
  return std::ranges::any_of(mappings, [&](const auto& mapping) {
    const auto all = mapping->bytes();
    return tensor.bytes.data() >= all.data() && tensor.bytes.data() < all.data() + all.size();
  });
}

bool ModelFile::rewritten() const {
  return std::ranges::any_of(mappings, [](const auto& mapping) { return mapping->rewritten(); });
}

void ModelFile::release() const {
  for (const auto& mapping : mappings) release_mapped(mapping->bytes());
}

Result<ModelFile> open_model_file(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return open_hf_folder(path);
  if (path.extension() == ".safetensors")
    return fail(ErrorKind::invalid, "{}: name the folder that it lies in, with its config.json",
                path.string());
  return open_gguf(path);
}

}  // namespace mill
