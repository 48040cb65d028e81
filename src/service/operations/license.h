#pragma once
// The file LICENSE, as it was when the program was built (cmake/license_text.cc.in).

#include <string_view>

namespace mill::operations {

std::string_view license_text();

}  // namespace mill::operations
