#pragma once
// Foreign text, made fit for an error sentence: short, and free of what could upset a terminal or
// a JSON encoder.

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace mill {

// printable("blk.0\n\xff") == "blk.0\\x0a\\xff"; everything after `bytes_max` becomes "…".
inline std::string printable(std::string_view text, size_t bytes_max = 80) {
  std::string out;
  for (char c : text.substr(0, bytes_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", byte);
    }
  }
  if (text.size() > bytes_max) out += "…";
  return out;
}

}  // namespace mill
