#include "data/safetensors_writer.h"

#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "base/new_file.h"

namespace mill {
namespace {

constexpr size_t kHeaderAlignment = 8;  // where the numbers begin, as the format's library has it

uint64_t bytes_of_tensor(const Tensor& tensor) {
  return bytes_of(tensor.dtype, static_cast<size_t>(tensor.values()));
}

}  // namespace

bool SafetensorsWriter::writes(DType dtype) {
  return dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16;
}

void SafetensorsWriter::add(Tensor tensor) {
  ASSERT(writes(tensor.dtype), tensor.name);
  tensors_.push_back(std::move(tensor));
}

// {"format": "pt"} says that matrices are (outputs, inputs), PyTorch's way; transformers asks.
std::string SafetensorsWriter::header() const {
  nlohmann::json header = {{"__metadata__", {{"format", "pt"}}}};
  uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    const uint64_t end = offset + bytes_of_tensor(tensor);
    header[tensor.name] = {{"dtype", traits(tensor.dtype).name},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');
  return text;
}

uint64_t SafetensorsWriter::data_bytes() const {
  uint64_t size = 0;
  for (const Tensor& tensor : tensors_) size += bytes_of_tensor(tensor);
  return size;
}

uint64_t SafetensorsWriter::file_bytes() const {
  return sizeof(uint64_t) + header().size() + data_bytes();
}

Result<void> SafetensorsWriter::write(const std::filesystem::path& path,
                                      const Source& source) const {
  TRY_ASSIGN(NewFile file, NewFile::create(path));
  TRY(file.reserve(file_bytes()));
  const std::string text = header();
  const uint64_t size = text.size();
  TRY(file.write(std::as_bytes(std::span(&size, 1))));
  TRY(file.write(std::as_bytes(std::span(text))));
  for (size_t i = 0; i < tensors_.size(); ++i) {
    TRY_ASSIGN(const std::span<const std::byte> bytes, source(i));
    ASSERT(bytes.size() == bytes_of_tensor(tensors_[i]), tensors_[i].name, bytes.size());
    TRY(file.write(bytes));
  }
  return file.commit();
}

}  // namespace mill
