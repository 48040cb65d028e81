#pragma once
// Pages of a list, as OpenAI's clients turn them: ?limit=20&after=ID.

#include <string>
#include <string_view>
#include <vector>

#include "service/http/json_body.h"

namespace mill::jobs {

using http::Json;

struct PageLimits {
  size_t usual = 20, most = 100;
};

// {"object": "list", "data", "first_id", "last_id", "has_more"}. `all` is in the order to be told.
http::Checked<Json> page_of(const std::vector<Json>& all, std::string_view query, PageLimits);

}  // namespace mill::jobs
