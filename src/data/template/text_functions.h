#pragma once
// What the text filters and the methods of strings share.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/template/value.h"

namespace mill::jinja {

class Runtime;

// str.replace; a negative count is no bound.
Result<Value> replaced(Runtime& runtime, const Text& text, std::string_view from,
                       std::string_view to, std::int64_t count);
// str.splitlines without the ends.
std::vector<std::string_view> lines(std::string_view text);
// The text of all elements with `separator` between them.
Result<std::string> joined(Runtime& runtime, const std::vector<Value>& items,
                           std::string_view separator);
enum class Align : std::uint8_t { left, center, right };
// Filled to `width` code points.
Result<std::string> padded(Runtime& runtime, std::string_view text, std::int64_t width, Align align,
                           std::string_view fill = " ");

}  // namespace mill::jinja
