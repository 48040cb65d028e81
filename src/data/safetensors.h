#pragma once
// Safetensors, the tensor files of Hugging Face. Byte grammar: docs/formats/safetensors.md.

#include <cstddef>
#include <span>
#include <vector>

#include "base/error.h"
#include "data/tensor.h"

namespace mill {

// Views into `bytes`, at whatever address the file gives them (a reader of odd makers' files may
// find an f32 at an odd one). The data section must be covered by the tensors exactly, without
// overlap or gap, as the format's own library demands; so a name given twice is found out, too.
Result<std::vector<Tensor>> parse_safetensors(std::span<const std::byte> bytes);

}  // namespace mill
