#pragma once
// Python's strings are sequences of code points; ours are UTF-8. These functions bridge the two.
// A byte that is not valid UTF-8 counts as one code point (U+FFFD) and is kept as it is.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mill::jinja {

// Reads the code point at `position` and moves past it.
char32_t next_code_point(std::string_view text, std::size_t& position);
void append_code_point(std::string& text, char32_t point);

std::size_t count_code_points(std::string_view text);
// Byte offsets of all code points, and the end.
std::vector<std::size_t> code_point_offsets(std::string_view text);

bool is_space(char32_t point);      // str.isspace
bool is_printable(char32_t point);  // what repr shows as it is
bool is_lower(char32_t point);
bool is_upper(char32_t point);
bool is_cased(char32_t point);

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
std::string capitalized(std::string_view text);
// First letter of each run of cased letters large, the others small (str.title).
std::string titled(std::string_view text);
std::string swapped_case(std::string_view text);

// str.strip: all of `characters` (none: white space) away at the chosen ends.
enum class Ends { both, left, right };
std::string_view stripped(std::string_view text, Ends ends);
std::string_view stripped(std::string_view text, std::string_view characters, Ends ends);

}  // namespace mill::jinja
