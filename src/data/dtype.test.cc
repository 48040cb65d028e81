#include "data/dtype.h"

#include <doctest/doctest.h>

namespace mill {

TEST_CASE("every row of the table is found by its id and by its name") {
  for (const DTypeTraits& row : dtype_table()) {
    CHECK(dtype_known(static_cast<uint32_t>(row.dtype)));
    CHECK(traits(row.dtype).name == row.name);
    CHECK(dtype_named(row.name) == row.dtype);
    CHECK(bytes_of(row.dtype, 3 * row.block_values) == 3 * row.block_bytes);
  }
  CHECK(dtype_named("q4_k") == DType::Q4_K);
  CHECK_FALSE(dtype_named("Q4").has_value());
}

TEST_CASE("foreign types are known by name only") {
  CHECK_FALSE(dtype_known(16));
  CHECK(ggml_type_name(16) == "IQ2_XXS");
  CHECK(ggml_type_name(9999) == "unknown");
}

}  // namespace mill
