#pragma once
// A refusal in the shape of the API that the path belongs to, for whoever stands before all of
// them.

#include <string_view>

#include "service/http/problem.h"

namespace mill::operations {

http::Response refusal_for(std::string_view path, const http::Problem&);

}  // namespace mill::operations
