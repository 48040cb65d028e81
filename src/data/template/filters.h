#pragma once
// {{ value | filter(arguments) }}: jinja2's filters that chat templates may use, one row each.

#include <string_view>

#include "data/template/callable.h"

namespace mill::jinja {

const Operation* find_filter(std::string_view name);  // null: there is none

}  // namespace mill::jinja
