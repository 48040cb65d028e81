#pragma once
// What llama.cpp's quantizer makes of each matrix under the names that its files carry ("Q4_K_M"):
// most of them `body`; `more` for the down projections and the values of the layers that need it
// most; `head` for the output matrix, or the embedding where it is that, too (llama-quant.cpp,
// llama_tensor_get_type, for dense models).

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "data/requantize.h"
#include "llm/models/weights.h"

namespace mill::llm {

struct Mix {
  std::string_view name;
  DType body, more, head;
  uint64_t file_type;  // llama.h, `llama_ftype`
};

std::span<const Mix> mixes();
const Mix* mix_named(std::string_view name);  // case-insensitive; null where there is none

struct MixShape {
  uint32_t layers = 0;
  bool tied = false;  // the embedding is the output matrix
};

// The format of a matrix by its name in a GGUF. Rows that do not divide into super-blocks take the
// nearest simple format.
DType mixed_type(const Mix&, std::string_view name, int64_t columns, const MixShape&);

// For every matrix of a model.
TensorFormats mixed_formats(const Mix&, const ModelDescription&);

}  // namespace mill::llm
