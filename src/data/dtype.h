#pragma once
// The number formats that weights are stored in. Values are GGUF's type ids (ggml.h, `ggml_type`),
// so a file's field is cast after `dtype_known` has said yes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace mill {

enum class DType : uint8_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q2_K = 10,
  Q3_K = 11,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  IQ4_NL = 20,
  IQ4_XS = 23,
  BF16 = 30,
  MXFP4 = 39,
};

// One row of the table: `block_values` numbers are stored together in `block_bytes`.
struct DTypeTraits {
  DType dtype;
  std::string_view name;  // as the field writes it: "Q4_1"
  size_t block_values;
  size_t block_bytes;
};

std::span<const DTypeTraits> dtype_table();
const DTypeTraits& traits(DType);              // asserts that the type is in the table
bool dtype_known(uint32_t ggml_type_id);       // is it one of ours?
std::string_view ggml_type_name(uint32_t id);  // names foreign types too ("IQ2_XXS"), for errors
std::optional<DType> dtype_named(std::string_view name);  // case-insensitive

// Bytes of `values` consecutive numbers; `values` must be a multiple of block_values.
size_t bytes_of(DType, size_t values);

}  // namespace mill
