#include "base/utc.h"

#include <doctest/doctest.h>

namespace mill {

TEST_CASE("times are days or seconds of UTC") {
  CHECK(utc_of("1970-01-02") == 86'400);
  CHECK(utc_of("1970-01-01T00:01:01Z") == 61);
  CHECK(utc_text(61) == "1970-01-01T00:01:01Z");
  CHECK(utc_of(utc_text(1'830'297'599)) == 1'830'297'599);
  for (const char* wrong : {"", "yesterday", "1970-01-01T", "1970-13-01", "1970-01-01 "})
    CHECK_FALSE(utc_of(wrong).has_value());
}

}  // namespace mill
