#pragma once
// The values of "format" that are asserted, as patterns: the formats of ajv-formats. A pattern may
// allow less than the standard does (years of four digits, hosts without a trailing dot), never
// more. Other formats are annotations, as JSON Schema says of names that it does not define.

#include <string>
#include <string_view>

namespace mill::grammar {

std::string format_pattern(std::string_view name);  // "" if it is not one of them

}  // namespace mill::grammar
