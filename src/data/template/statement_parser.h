#pragma once
// Templates to trees: text, {{ … }} and {% … %} blocks.

#include <string_view>

#include "base/error.h"
#include "data/template/ast.h"

namespace mill::jinja {

inline constexpr std::size_t kSourceBytesMax = 1U << 20;

Result<Body> parse(std::string_view source);

}  // namespace mill::jinja
