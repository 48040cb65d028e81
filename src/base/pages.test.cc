#include "base/pages.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

namespace mill {

TEST_CASE("pages are zero, move, and come in any size") {
  auto pages = Pages::allocate(5 << 20);
  REQUIRE(pages.has_value());
  CHECK(std::all_of(pages->data(), pages->data() + pages->size(),
                    [](std::byte b) { return b == std::byte{0}; }));
  pages->data()[0] = std::byte{7};
  Pages moved = std::move(*pages);
  CHECK(moved.data()[0] == std::byte{7});
  CHECK(Pages::allocate(0)->size() == 0);
  const auto refused = Pages::allocate(size_t{1} << 60);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::exhausted);
}

TEST_CASE("this machine has some memory left") { CHECK(available_memory() > (1 << 20)); }

}  // namespace mill
