#include "data/dtype.h"

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace mill {
namespace {

constexpr std::array kTable = {
    DTypeTraits{DType::F32, "F32", 1, 4},           DTypeTraits{DType::F16, "F16", 1, 2},
    DTypeTraits{DType::BF16, "BF16", 1, 2},         DTypeTraits{DType::Q4_0, "Q4_0", 32, 18},
    DTypeTraits{DType::Q4_1, "Q4_1", 32, 20},       DTypeTraits{DType::Q5_0, "Q5_0", 32, 22},
    DTypeTraits{DType::Q5_1, "Q5_1", 32, 24},       DTypeTraits{DType::Q8_0, "Q8_0", 32, 34},
    DTypeTraits{DType::Q2_K, "Q2_K", 256, 84},      DTypeTraits{DType::Q3_K, "Q3_K", 256, 110},
    DTypeTraits{DType::Q4_K, "Q4_K", 256, 144},     DTypeTraits{DType::Q5_K, "Q5_K", 256, 176},
    DTypeTraits{DType::Q6_K, "Q6_K", 256, 210},     DTypeTraits{DType::IQ4_NL, "IQ4_NL", 32, 18},
    DTypeTraits{DType::IQ4_XS, "IQ4_XS", 256, 136}, DTypeTraits{DType::MXFP4, "MXFP4", 32, 17},
};

// Ids that GGUF files carry and we do not run, so that a refusal can name them (ggml.h).
struct ForeignType {
  uint32_t id;
  std::string_view name;
};
constexpr std::array kForeign = {
    ForeignType{4, "Q4_2"},     ForeignType{5, "Q4_3"},     ForeignType{9, "Q8_1"},
    ForeignType{15, "Q8_K"},    ForeignType{16, "IQ2_XXS"}, ForeignType{17, "IQ2_XS"},
    ForeignType{18, "IQ3_XXS"}, ForeignType{19, "IQ1_S"},   ForeignType{21, "IQ3_S"},
    ForeignType{22, "IQ2_S"},   ForeignType{24, "I8"},      ForeignType{25, "I16"},
    ForeignType{26, "I32"},     ForeignType{27, "I64"},     ForeignType{28, "F64"},
    ForeignType{29, "IQ1_M"},   ForeignType{34, "TQ1_0"},   ForeignType{35, "TQ2_0"},
    ForeignType{40, "NVFP4"},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

const DTypeTraits* find(uint32_t id) {
  for (const DTypeTraits& row : kTable) {
    if (static_cast<uint32_t>(row.dtype) == id) return &row;
  }
  return nullptr;
}

}  // namespace

std::span<const DTypeTraits> dtype_table() { return kTable; }

const DTypeTraits& traits(DType dtype) {
  const DTypeTraits* row = find(static_cast<uint32_t>(dtype));
  ASSERT(row != nullptr, static_cast<uint32_t>(dtype));
  return *row;
}

bool dtype_known(uint32_t ggml_type_id) { return find(ggml_type_id) != nullptr; }

std::string_view ggml_type_name(uint32_t id) {
  if (const DTypeTraits* row = find(id)) return row->name;
  for (const ForeignType& row : kForeign) {
    if (row.id == id) return row.name;
  }
  return "unknown";
}

std::optional<DType> dtype_named(std::string_view name) {
  for (const DTypeTraits& row : kTable) {
    if (std::ranges::equal(row.name, name, {}, lower, lower)) return row.dtype;
  }
  return std::nullopt;
}

size_t bytes_of(DType dtype, size_t values) {
  const DTypeTraits& row = traits(dtype);
  ASSERT(values % row.block_values == 0, row.name, values);
  return values / row.block_values * row.block_bytes;
}

}  // namespace mill
