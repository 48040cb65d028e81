#include "data/template/code_points.h"

#include <algorithm>
#include <iterator>

#include "data/template/case_table.h"

namespace mill::jinja {
namespace {

constexpr char32_t kBroken = 0xFFFD;
constexpr char32_t kCapitalIWithDot = 0x130;  // its small form is two code points: i, dot above

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Length of the sequence that a lead byte announces; 0 for a byte that cannot lead.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

template <std::size_t N>
bool contains(const CodeRange (&ranges)[N], char32_t point) {
  const auto* row = std::upper_bound(std::begin(ranges), std::end(ranges), point,
                                     [](char32_t p, const CodeRange& r) { return p < r.first; });
  return row != std::begin(ranges) && point <= std::prev(row)->last;
}

// Rows of stride 2 may interleave (capital, small, capital, small …), hence no binary search.
template <std::size_t N>
char32_t mapped(const CaseRange (&ranges)[N], char32_t point) {
  for (const CaseRange& row : ranges)
    if (point >= row.first && point <= row.last && (point - row.first) % row.step == 0)
      return static_cast<char32_t>(static_cast<int>(point) + row.delta);
  return point;
}

char32_t lower_of(char32_t point) {
  if (point >= 'A' && point <= 'Z') return point + 32;
  return point < 0x80 ? point : mapped(kToLower, point);
}

char32_t upper_of(char32_t point) {
  if (point >= 'a' && point <= 'z') return point - 32;
  return point < 0x80 ? point : mapped(kToUpper, point);
}

const Expansion* expansion_of(char32_t point) {
  for (const Expansion& row : kUpperExpansions)
    if (row.point == point) return &row;
  return nullptr;
}

void append_lower(std::string& out, char32_t point) {
  if (point == kCapitalIWithDot)
    out += "i\u0307";
  else
    append_code_point(out, lower_of(point));
}

void append_upper(std::string& out, char32_t point) {
  const Expansion* expansion = point < 0x80 ? nullptr : expansion_of(point);
  if (expansion == nullptr) return append_code_point(out, upper_of(point));
  for (const char32_t* p = expansion->upper; *p != 0; ++p) append_code_point(out, *p);
}

// Title case: ß → Ss, and else the upper case.
void append_title(std::string& out, char32_t point) {
  const Expansion* expansion = point < 0x80 ? nullptr : expansion_of(point);
  if (expansion == nullptr) return append_code_point(out, upper_of(point));
  append_code_point(out, expansion->upper[0]);
  for (const char32_t* p = expansion->upper + 1; *p != 0; ++p) append_code_point(out, lower_of(*p));
}

// Calls visit(out, point, the bytes) for each code point; broken bytes are copied.
template <class Visit>
std::string transformed(std::string_view text, Visit visit) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t point = next_code_point(text, at);
    if (point == kBroken)
      out += text.substr(begin, at - begin);
    else
      visit(out, point);
  }
  return out;
}

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  const std::size_t length = sequence_length(lead);
  if (length == 1) return text[position++] & 0x7F;
  if (length == 0 || position + length > text.size()) return ++position, kBroken;
  char32_t point = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[position + i])) return ++position, kBroken;
    point = point << 6 | (static_cast<unsigned char>(text[position + i]) & 0x3F);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  if (overlong || (point >= 0xD800 && point < 0xE000) || point > 0x10FFFF)
    return ++position, kBroken;
  position += length;
  return point;
}

void append_code_point(std::string& text, char32_t point) {
  const auto put = [&text](char32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0 | point >> 6);
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
  }
  put(0x80 | (point & 0x3F));
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) next_code_point(text, at);
  return count;
}

std::vector<std::size_t> code_point_offsets(std::string_view text) {
  std::vector<std::size_t> offsets;
  for (std::size_t at = 0; at < text.size();) {
    offsets.push_back(at);
    next_code_point(text, at);
  }
  offsets.push_back(text.size());
  return offsets;
}

bool is_space(char32_t p) {
  return (p >= 0x09 && p <= 0x0D) || (p >= 0x1C && p <= 0x20) || p == 0x85 || p == 0xA0 ||
         p == 0x1680 || (p >= 0x2000 && p <= 0x200A) || p == 0x2028 || p == 0x2029 || p == 0x202F ||
         p == 0x205F || p == 0x3000;
}

bool is_printable(char32_t p) {
  if (p < 0x7F) return p >= 0x20;
  return p != 0x7F && !contains(kUnprintable, p);
}

bool is_lower(char32_t p) {
  if (p < 0x80) return p >= 'a' && p <= 'z';
  return upper_of(p) != p || contains(kLowerOnly, p);
}

bool is_upper(char32_t p) {
  if (p < 0x80) return p >= 'A' && p <= 'Z';
  return lower_of(p) != p || p == kCapitalIWithDot || contains(kUpperOnly, p);
}

bool is_cased(char32_t p) { return is_lower(p) || is_upper(p); }

std::string to_lower(std::string_view text) { return transformed(text, append_lower); }
std::string to_upper(std::string_view text) { return transformed(text, append_upper); }

std::string capitalized(std::string_view text) {
  bool first = true;
  return transformed(text, [&first](std::string& out, char32_t point) {
    first ? append_title(out, point) : append_lower(out, point);
    first = false;
  });
}

std::string titled(std::string_view text) {
  bool inside = false;
  return transformed(text, [&inside](std::string& out, char32_t point) {
    inside ? append_lower(out, point) : append_title(out, point);
    inside = is_cased(point);
  });
}

std::string swapped_case(std::string_view text) {
  return transformed(text, [](std::string& out, char32_t point) {
    is_upper(point) ? append_lower(out, point) : append_upper(out, point);
  });
}

namespace {

template <class Matches>
std::string_view strip_while(std::string_view text, Ends ends, Matches matches) {
  const std::vector<std::size_t> at = code_point_offsets(text);
  std::size_t begin = 0, end = at.size() - 1;
  const auto match = [&](std::size_t i) {
    std::size_t offset = at[i];
    return matches(next_code_point(text, offset), text.substr(at[i], at[i + 1] - at[i]));
  };
  if (ends != Ends::right)
    while (begin < end && match(begin)) ++begin;
  if (ends != Ends::left)
    while (end > begin && match(end - 1)) --end;
  return text.substr(at[begin], at[end] - at[begin]);
}

}  // namespace

std::string_view stripped(std::string_view text, Ends ends) {
  return strip_while(text, ends, [](char32_t point, std::string_view) { return is_space(point); });
}

std::string_view stripped(std::string_view text, std::string_view characters, Ends ends) {
  return strip_while(text, ends, [&](char32_t, std::string_view bytes) {
    return characters.find(bytes) != std::string_view::npos;
  });
}

}  // namespace mill::jinja
