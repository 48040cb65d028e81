#include "service/jobs/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "service/http/query.h"

namespace mill::jobs {

using http::query_value;

http::Checked<Json> page_of(const std::vector<Json>& all, std::string_view query,
                            PageLimits limits) {
  size_t limit = limits.usual, first = 0;
  if (const std::string text = query_value(query, "limit"); !text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc() || end != text.data() + text.size() || limit < 1 ||
        limit > limits.most)
      return http::refuse(fmt::format("'limit' must be an integer from 1 to {}", limits.most),
                          "limit");
  }
  if (const std::string after = query_value(query, "after"); !after.empty()) {
    const auto at =
        std::find_if(all.begin(), all.end(), [&](const Json& each) { return each["id"] == after; });
    if (at == all.end())
      return http::refuse(fmt::format("'after': there is no '{}' in this list", after), "after");
    first = static_cast<size_t>(at - all.begin()) + 1;
  }
  const size_t last = std::min(all.size(), first + limit);
  Json data = Json::array();
  for (size_t i = first; i < last; ++i) data.push_back(all[i]);
  const std::string first_id = data.empty() ? "" : data.front()["id"].get<std::string>();
  const std::string last_id = data.empty() ? "" : data.back()["id"].get<std::string>();
  return Json{{"object", "list"},
              {"data", std::move(data)},
              {"first_id", first_id},
              {"last_id", last_id},
              {"has_more", last < all.size()}};
}

}  // namespace mill::jobs
