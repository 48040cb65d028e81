#include "data/tokenizer/byte_alphabet.h"

#include <array>
#include <cstdint>

namespace mill::tok {
namespace {

constexpr bool writes_itself(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr int kAlphabetEnd = 0x100 + 68;

// byte of each code point below kAlphabetEnd, -1 for those that write none
constexpr auto kByteOf = [] {
  std::array<int16_t, kAlphabetEnd> table{};
  table.fill(-1);
  int next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const int code = writes_itself(byte) ? byte : next++;
    table[static_cast<size_t>(code)] = static_cast<int16_t>(byte);
  }
  return table;
}();

}  // namespace

bool read_written(std::string_view token, std::string& bytes) {
  bytes.clear();
  for (size_t i = 0; i < token.size(); ++i) {
    unsigned code = static_cast<unsigned char>(token[i]);
    if (code >= 0x80) {  // the alphabet ends below U+0800: two bytes 110xxxxx 10xxxxxx
      if (code < 0xC2 || code > 0xDF || i + 1 == token.size()) return false;
      const unsigned low = static_cast<unsigned char>(token[++i]);
      if ((low & 0xC0) != 0x80) return false;
      code = (code & 0x1F) << 6 | (low & 0x3F);
    }
    if (code >= kByteOf.size() || kByteOf[code] < 0) return false;
    bytes += static_cast<char>(kByteOf[code]);
  }
  return true;
}

std::optional<std::string> bytes_of_written(std::string_view token) {
  std::string bytes;
  if (!read_written(token, bytes)) return std::nullopt;
  return bytes;
}

}  // namespace mill::tok
