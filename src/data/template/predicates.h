#pragma once
// {{ value is test }}: jinja2's tests, one row each.

#include <string_view>

#include "data/template/callable.h"

namespace mill::jinja {

const Operation* find_predicate(std::string_view name);  // null: there is none

}  // namespace mill::jinja
