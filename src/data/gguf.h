#pragma once
// GGUF, the single-file model format of the ggml family. Byte grammar: docs/formats/gguf.md.

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
  // The same keys in the file's order, each value as encoded (type id and all), to be written
  // again.
  std::vector<std::pair<std::string_view, std::span<const std::byte>>> entries;
  std::vector<Tensor> tensors;  // in the file's order
};

// Nothing is believed: every length, count, product and offset is held against bytes.size() before
// it is used, and memory is taken only in proportion to bytes that are there.
Result<Gguf> parse_gguf(std::span<const std::byte> bytes);

}  // namespace mill
