#include "learn/tensor_file.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "base/mapped_file.h"
#include "base/new_file.h"
#include "data/safetensors.h"
#include "data/safetensors_writer.h"

namespace mill::learn {

Result<void> save_tensors(const std::vector<NamedTensor>& tensors,
                          const std::filesystem::path& path) {
  SafetensorsWriter writer;
  for (const NamedTensor& it : tensors)
    writer.add(
        {.name = it.name, .dtype = DType::F32, .shape = it.tensor->sizes().vec(), .bytes = {}});
  Tensor whole;
  return writer.write(path, [&](size_t i) -> Result<std::span<const std::byte>> {
    whole = tensors[i].tensor->detach().contiguous();
    return std::as_bytes(std::span(whole.data_ptr<float>(), static_cast<size_t>(whole.numel())));
  });
}

Result<void> save_text(std::string_view text, const std::filesystem::path& path) {
  TRY_ASSIGN(NewFile file, NewFile::create(path));
  TRY(file.write(std::as_bytes(std::span(text))));
  return file.commit();
}

Result<void> load_tensors(const std::vector<NamedTensor>& tensors,
                          const std::filesystem::path& path) {
  TRY_ASSIGN(const auto file, MappedFile::open(path));
  TRY_ASSIGN(const std::vector<mill::Tensor> found, parse_safetensors(file->bytes()));
  for (const NamedTensor& it : tensors) {
    const auto from = std::ranges::find(found, it.name, &mill::Tensor::name);
    if (from == found.end())
      return fail(ErrorKind::invalid, "{} has no tensor {}", path.string(), it.name);
    if (from->dtype != DType::F32 || from->shape != it.tensor->sizes().vec())
      return fail(ErrorKind::invalid,
                  "{}: tensor {} is of another shape or type than this training's", path.string(),
                  it.name);
    std::memcpy(it.tensor->data_ptr<float>(), from->bytes.data(), from->bytes.size());
  }
  return {};
}

}  // namespace mill::learn
