#pragma once
// Methods of strings, dicts, lists and tuples, one row each: text.split, dict.items, …

#include <string_view>

#include "data/template/callable.h"

namespace mill::jinja {

const Operation* find_method(const Value& object, std::string_view name);  // null: there is none
const Operation* find_text_method(std::string_view name);

// Is it a method that Python's object has, but that changes it, which the sandbox refuses?
bool changes_value(const Value& object, std::string_view name);

}  // namespace mill::jinja
