#pragma once
// The 256 printable characters that byte-level vocabularies write bytes with (GPT-2's
// bytes_to_unicode): '!'…'~', '¡'…'¬' and '®'…'ÿ' stand for themselves; the 68 other bytes, in
// order, are U+0100, U+0101 … so that a space is written 'Ġ' and a newline 'Ċ'.
// We keep such vocabularies as the plain bytes that they mean.

#include <optional>
#include <string>
#include <string_view>

namespace mill::tok {

// The bytes a written token means; nothing if a character is outside the alphabet.
std::optional<std::string> bytes_of_written(std::string_view token);

// The same into a buffer that is reused; false if a character is outside the alphabet.
bool read_written(std::string_view token, std::string& bytes);

}  // namespace mill::tok
