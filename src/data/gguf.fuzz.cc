// Whatever the bytes, parse_gguf answers with an error or with views that may be read to the end;
// and what it took, the writer writes again and the parser takes again.

#include "data/gguf.h"

#include <cstdlib>

#include "data/gguf_writer.h"
#include "data/quants.h"

namespace {

constexpr size_t kValuesMax = 4096;

void read_all(const mill::Tensor& tensor) {
  const size_t block = mill::traits(tensor.dtype).block_values;
  const auto all = static_cast<size_t>(tensor.values());
  std::vector<float> values(all < kValuesMax ? all : kValuesMax / block * block);
  const size_t bytes = mill::bytes_of(tensor.dtype, values.size());
  mill::dequantize(tensor.dtype, tensor.bytes.first(bytes), values);
  mill::dequantize(tensor.dtype, tensor.bytes.last(bytes), values);
}

void write_again(const mill::Gguf& file) {
  mill::GgufWriter copy;
  for (const auto& [key, value] : file.metadata) copy.set(key, value);
  for (const mill::Tensor& tensor : file.tensors) copy.add(tensor);
  const auto bytes = copy.to_bytes();
  const auto again = mill::parse_gguf(bytes);
  if (!again || again->tensors.size() != file.tensors.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data),
                                     reinterpret_cast<const std::byte*>(data) + size);
  const auto file = mill::parse_gguf(bytes);
  if (!file) return 0;
  for (const mill::Tensor& tensor : file->tensors) read_all(tensor);
  write_again(*file);
  return 0;
}
