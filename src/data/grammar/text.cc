#include "data/grammar/text.h"

#include <utf8proc.h>

#include <array>

namespace mill::grammar {

Result<std::u32string> decoded(std::string_view utf8) {
  std::u32string out;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  for (size_t at = 0; at < utf8.size();) {
    utf8proc_int32_t code = -1;
    const auto size =
        utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(utf8.size() - at), &code);
    if (size <= 0) return fail(ErrorKind::invalid, "byte {} is not valid UTF-8", at);
    out += static_cast<char32_t>(code);
    at += static_cast<size_t>(size);
  }
  return out;
}

std::string encoded(std::u32string_view codes) {
  std::string out;
  for (const char32_t code : codes) {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes.data());
    out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(size));
  }
  return out;
}

}  // namespace mill::grammar
