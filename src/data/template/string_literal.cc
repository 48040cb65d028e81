#include "data/template/string_literal.h"

#include <charconv>

#include "data/template/code_points.h"
#include "data/template/printing.h"

namespace mill::jinja {
namespace {

constexpr std::string_view kNamed = "abfnrtv\\'\"\n";
constexpr std::string_view kMeanings[] = {"\a", "\b", "\f", "\n", "\r", "\t",
                                          "\v", "\\", "'",  "\"", ""};

// Hexadecimal digits of \x, \u and \U.
std::size_t digits_of(char c) { return c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0; }

Result<void> append_hex(std::string& out, std::string_view digits, std::size_t wanted) {
  std::uint32_t point = 0;
  const char* end = digits.data() + digits.size();
  if (digits.size() != wanted || std::from_chars(digits.data(), end, point, 16).ptr != end)
    return fail(ErrorKind::invalid, "a truncated \\x, \\u or \\U escape in a string");
  if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
    return fail(ErrorKind::invalid, "the escape {} in a string is not a character", digits);
  append_code_point(out, point);
  return {};
}

}  // namespace

Result<std::string> unescaped(std::string_view literal) {
  std::string out;
  for (std::size_t at = 0; at < literal.size();) {
    if (literal[at] != '\\' || at + 1 == literal.size()) {
      out += literal[at++];
      continue;
    }
    const char c = literal[++at];
    if (const auto named = kNamed.find(c); named != std::string_view::npos) {
      out += kMeanings[named];
      ++at;
    } else if (const std::size_t wanted = digits_of(c); wanted > 0) {
      TRY(append_hex(out, literal.substr(at + 1, wanted), wanted));
      at += 1 + wanted;
    } else if (c >= '0' && c <= '7') {
      std::uint32_t point = 0;
      for (int i = 0; i < 3 && at < literal.size() && literal[at] >= '0' && literal[at] <= '7'; ++i)
        point = point * 8 + static_cast<std::uint32_t>(literal[at++] - '0');
      append_code_point(out, point);
    } else if (c == 'N') {
      return fail(ErrorKind::unsupported, "\\N{{name}} escapes are not supported in strings");
    } else if ((c & 0x80) != 0) {
      out += escape_of(next_code_point(literal, at));
    } else {
      out += '\\';
    }
  }
  return out;
}

}  // namespace mill::jinja
