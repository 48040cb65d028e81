#pragma once
// UTF-8, and what to make of bytes that are none.
//
// A broken sequence is replaced as Unicode recommends (and Python's bytes.decode("replace") does):
// one U+FFFD for each maximal part that could have begun a character.
//   E4 BD | 41     → U+FFFD 'A'       (a cut 3-byte character is one replacement)
//   ED A0 80       → U+FFFD ×3        (a surrogate cannot even begin)

#include <cstdint>
#include <string>
#include <string_view>

namespace mill::tok {

struct CodePoint {
  char32_t value = 0xFFFD;
  uint8_t size = 1;    // bytes taken, of a broken sequence too
  bool valid = false;  // else value is U+FFFD
  bool cut = false;    // broken only because the text ends here
};

CodePoint first_code_point(std::string_view text);  // of a text that is not empty

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_utf8(std::string_view text);
std::string repaired(std::string_view text);  // broken parts replaced

void append_utf8(std::string& out, char32_t value);

}  // namespace mill::tok
