#pragma once
// UTF-8 as code points and back, for texts that must be right.

#include <string>
#include <string_view>

#include "base/error.h"

namespace mill::grammar {

Result<std::u32string> decoded(std::string_view utf8);  // refuses what is no UTF-8
std::string encoded(std::u32string_view codes);

}  // namespace mill::grammar
