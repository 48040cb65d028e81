#pragma once
// Numbers from text, as Python's int() and float() read them: blanks around and underscores between
// digits are fine.

#include <cstdint>
#include <optional>
#include <string_view>

namespace mill::jinja {

// Base 0 reads the prefix 0x, 0o or 0b. Nothing where the text is no number or does not fit.
std::optional<std::int64_t> integer_from_text(std::string_view text, std::int64_t base = 10);
std::optional<double> real_from_text(std::string_view text);

}  // namespace mill::jinja
