#include "data/template/numbers.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <string>

#include "data/template/code_points.h"

namespace mill::jinja {
namespace {

// Without underscores, each of which must stand between two digits.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const auto digit = [&](std::size_t at) {
      return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
    };
    if (i == 0 || !digit(i - 1) || !digit(i + 1)) return std::nullopt;
  }
  return out;
}

int prefix_base(std::string_view text) {
  if (text.size() < 2 || text[0] != '0') return 10;
  const char letter = static_cast<char>(text[1] | 0x20);
  return letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
}

}  // namespace

std::optional<std::int64_t> integer_from_text(std::string_view text, std::int64_t base) {
  const auto clean = without_underscores(stripped(text, Ends::both));
  if (!clean || base < 0 || base == 1 || base > 36) return std::nullopt;
  std::string digits = *clean;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.erase(0, 1);
  const int prefix = prefix_base(digits);
  if (prefix != 10 && (base == 0 || base == prefix)) {
    base = prefix;
    digits.erase(0, 2);
  } else if (base == 0) {
    base = 10;
    const bool zeros = digits.find_first_not_of('0') == std::string::npos;
    if (digits.starts_with('0') && !zeros) return std::nullopt;
  }
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, static_cast<int>(base));
  const std::uint64_t largest = std::uint64_t{1} << 63;
  if (digits.empty() || error != std::errc() || stop != end || value > largest - !negative)
    return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - value : value);
}

std::optional<double> real_from_text(std::string_view text) {
  const auto clean = without_underscores(stripped(text, Ends::both));
  if (!clean) return std::nullopt;
  std::string_view digits = *clean;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || digits[0] == '+' || (digits[0] == '-' && clean->starts_with('+')))
    return std::nullopt;
  double value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (stop != end) return std::nullopt;
  if (error == std::errc::result_out_of_range)
    return digits.find("e-") != std::string_view::npos ||
                   digits.find("E-") != std::string_view::npos
               ? 0.0
               : std::numeric_limits<double>::infinity() * (digits[0] == '-' ? -1 : 1);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

}  // namespace mill::jinja
