// Whatever the bytes, parse_safetensors answers with an error or with views that may be read.

#include "data/safetensors.h"
#include "data/quants.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto tensors = mill::parse_safetensors(std::as_bytes(std::span(data, size)));
  if (!tensors) return 0;
  for (const mill::Tensor& tensor : *tensors) {
    std::vector<float> values(static_cast<size_t>(tensor.values()));
    mill::dequantize(tensor.dtype, tensor.bytes, values);
  }
  return 0;
}
