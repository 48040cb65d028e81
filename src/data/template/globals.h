#pragma once
// The names that every template knows: range, dict, namespace, raise_exception, strftime_now.

#include <optional>
#include <string_view>

#include "data/template/value.h"

namespace mill::jinja {

std::optional<Value> find_global(std::string_view name);

}  // namespace mill::jinja
