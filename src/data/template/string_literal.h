#pragma once
// The escapes of a string literal, as Python's unicode-escape reads them:
//   \n \t \r \a \b \f \v \0 \\ \' \"   \xHH   \uHHHH   \UHHHHHHHH   \OOO   \ + newline (nothing)
// A backslash before any other ASCII character stays. Before a character beyond ASCII it turns that
// into the text of its escape ('\é' is the four characters \xe9), because jinja2 escapes first.

#include <string>
#include <string_view>

#include "base/error.h"

namespace mill::jinja {

Result<std::string> unescaped(std::string_view literal);

}  // namespace mill::jinja
