#pragma once
// GGUF, the single-file model format of the ggml family. Byte grammar: docs/formats/gguf.md.

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/model_file.h"
#include "data/tensor.h"

namespace mill {

inline constexpr uint64_t kGgufAlignment =
    32;  // of tensor data, unless general.alignment says else

// What a file says, as views into its bytes.
struct Gguf {
  uint32_t version = 0;
  uint64_t alignment = kGgufAlignment;
  std::map<std::string, MetaValue, std::less<>> metadata;
  std::vector<Tensor> tensors;  // in the file's order
};

// Nothing is believed: every length, count, product and offset is held against bytes.size() before
// it is used, and memory is taken only in proportion to bytes that are there.
Result<Gguf> parse_gguf(std::span<const std::byte> bytes);

}  // namespace mill
