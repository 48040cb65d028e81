#include "data/hf_folder.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/mapped_file.h"
#include "base/printable.h"
#include "data/safetensors.h"

namespace mill {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

bool present(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

Result<json> read_config(const fs::path& folder) {
  TRY_ASSIGN(json config, read_json_object(folder / "config.json"));
  if (!present(folder / "generation_config.json")) return config;
  TRY_ASSIGN(const json generation, read_json_object(folder / "generation_config.json"));
  for (const auto& [key, value] : generation.items())
    if (!value.is_null()) config[key] = value;
  return config;
}

// A tensor at an address that its numbers must not lie at is copied to one where they may.
void align(Tensor& tensor, ModelFile& owner) {
  const size_t size = traits(tensor.dtype).block_bytes;
  if (reinterpret_cast<uintptr_t>(tensor.bytes.data()) % size == 0) return;
  auto copy =
      std::make_shared<const std::vector<std::byte>>(tensor.bytes.begin(), tensor.bytes.end());
  tensor.bytes = *copy;
  owner.owners.push_back(std::move(copy));
}

// Adds those tensors of a shard that the index assigns to it (all, without an index).
Result<void> add_shard(const fs::path& path, const std::set<std::string>* wanted, ModelFile& out) {
  TRY_ASSIGN(const auto file, MappedFile::open(path));
  Result<std::vector<Tensor>> tensors = parse_safetensors(file->bytes());
  if (!tensors) return within(path.string(), std::move(tensors).error());
  out.mappings.push_back(file);
  size_t found = 0;
  for (Tensor& tensor : *tensors) {
    if (wanted != nullptr && !wanted->contains(tensor.name)) continue;
    ++found;
    align(tensor, out);
    out.tensors.push_back(std::move(tensor));
  }
  if (wanted == nullptr || found == wanted->size()) return {};
  return fail(ErrorKind::invalid, "{}: has {} of the {} tensors that the index expects in it",
              path.string(), found, wanted->size());
}

using Shards = std::map<std::string, std::set<std::string>>;  // file name -> tensors

Result<Shards> read_index(const fs::path& path) {
  TRY_ASSIGN(const json index, read_json_object(path));
  const auto map = index.find("weight_map");
  if (map == index.end() || !map->is_object())
    return fail(ErrorKind::invalid, "{}: has no weight_map", path.string());
  Shards shards;
  for (const auto& [tensor, shard] : map->items()) {
    const fs::path name = shard.is_string() ? shard.get<std::string>() : "";
    if (name.empty() || name != name.filename())
      return fail(ErrorKind::invalid, "{}: tensor {} is not assigned to a file of this folder",
                  path.string(), printable(tensor));
    shards[name.string()].insert(tensor);
  }
  return shards;
}

Result<void> add_tensors(const fs::path& folder, ModelFile& out) {
  const fs::path single = folder / "model.safetensors";
  const fs::path index = folder / "model.safetensors.index.json";
  if (present(single)) return add_shard(single, nullptr, out);
  if (!present(index))
    return fail(ErrorKind::not_found,
                "{}: has neither model.safetensors nor model.safetensors.index.json; weights in "
                "other formats (pytorch_model.bin) must be converted to safetensors first",
                folder.string());
  TRY_ASSIGN(const Shards shards, read_index(index));
  for (const auto& [name, tensors] : shards) TRY(add_shard(folder / name, &tensors, out));
  return {};
}

}  // namespace

Result<json> read_json_object(const fs::path& path) {
  TRY_ASSIGN(const auto file, MappedFile::open(path));
  const auto* text = reinterpret_cast<const char*>(file->bytes().data());
  try {
    json value = json::parse(text, text + file->bytes().size());
    if (value.is_object()) return value;
    return fail(ErrorKind::invalid, "{}: is not a JSON object", path.string());
  } catch (const json::parse_error& error) {
    return fail(ErrorKind::invalid, "{}: is not JSON, from byte {} on", path.string(), error.byte);
  }
}

Result<ModelFile> open_hf_folder(const fs::path& folder) {
  ModelFile out;
  out.format = ModelFormat::hugging_face;
  out.path = folder;
  TRY_ASSIGN(out.config, read_config(folder));
  TRY(add_tensors(folder, out));
  std::ranges::sort(out.tensors, {}, &Tensor::name);
  return out;
}

}  // namespace mill
