#pragma once
// A query's members: level=1&mode=wait.

#include <string>
#include <string_view>

namespace mill::http {

// The value of a member, percent-decoded; "" where it is absent.
std::string query_value(std::string_view query, std::string_view name);

}  // namespace mill::http
