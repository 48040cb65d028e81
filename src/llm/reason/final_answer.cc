#include "llm/reason/final_answer.h"

#include <algorithm>
#include <array>

namespace mill::llm {
namespace {

constexpr std::array<std::string_view, 4> kMarks = {"####", "\\boxed{", "answer is", "answer:"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// number = digits { "," digit digit digit } [ "." digits ] | "." digits; its sign is looked for
// before it.
struct Number {
  size_t begin = 0, end = 0;  // end == begin: there is none
};

bool is_opening(char c) { return c == ' ' || c == '$' || c == '-' || c == '('; }

size_t digits_from(std::string_view text, size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

Number number_from(std::string_view text, size_t at) {
  while (at < text.size() && !is_digit(text[at])) ++at;
  if (at == text.size()) return {};
  size_t end = digits_from(text, at);
  while (end < text.size() && text[end] == ',' && digits_from(text, end + 1) == end + 4) end += 4;
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1]))
    return {at, digits_from(text, end + 1)};
  const bool fraction = at > 0 && text[at - 1] == '.' && (at == 1 || is_opening(text[at - 2]));
  return {fraction ? at - 1 : at, end};
}

// "-5", "-$5", "- 5" at a line's or the text's beginning, but not the 3 of "8-3" or "8 - 3".
bool is_negative(std::string_view text, size_t begin) {
  size_t at = begin;
  while (at > 0 && text[at - 1] == '$') --at;
  if (at == 0 || text[at - 1] != '-') return false;
  for (--at; at > 0 && text[at - 1] == ' ';) --at;
  if (at == 0) return true;
  const char before = text[at - 1];
  return !is_digit(before) && before != ')' && before != '%' && before != 'x';
}

std::string canonical(std::string_view text, Number number) {
  std::string digits;
  for (const char c : text.substr(number.begin, number.end - number.begin))
    if (c != ',') digits += c;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.find('.') != std::string::npos) digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  if (digits.empty() || digits.starts_with('.')) digits.insert(0, 1, '0');
  const bool negative = digits != "0" && is_negative(text, number.begin);
  return negative ? "-" + digits : digits;
}

}  // namespace

std::optional<std::string> final_number(std::string_view text) {
  const std::string plain = lower(text);
  size_t from = std::string::npos;
  for (const std::string_view mark : kMarks) {
    const size_t at = plain.rfind(mark);
    if (at == std::string::npos || number_from(text, at).end == 0) continue;
    if (from == std::string::npos || at > from) from = at;
  }
  if (from != std::string::npos) return canonical(text, number_from(text, from));
  Number last;
  for (Number next = number_from(text, 0); next.end > 0; next = number_from(text, next.end))
    last = next;
  if (last.end == 0) return std::nullopt;
  return canonical(text, last);
}

}  // namespace mill::llm
