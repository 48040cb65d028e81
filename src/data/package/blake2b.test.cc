#include "data/package/blake2b.h"

#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <string>

namespace mill::package {

// Against Python's hashlib.blake2b(text, digest_size=32).
TEST_CASE("BLAKE2b of 32 bytes: nothing, a little, a whole block, several") {
  const auto hex = [](const std::string& text) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
    return fmt::format("{:02x}", fmt::join(blake2b_256({bytes, text.size()}), ""));
  };
  CHECK(hex("") == "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  CHECK(hex("abc") == "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  CHECK(hex(std::string(128, 'a')) ==
        "ae2aa48507885c4c950fb809b2076f959cde9f8ea6da260d9a3587df33dac450");
  CHECK(hex(std::string(300, 'a')) ==
        "3c1292de00a518e36823f9ff908ac2da46be38718c018713403461df077e15f6");
}

}  // namespace mill::package
