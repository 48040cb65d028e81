#include "service/http/query.h"

#include <algorithm>

#include "service/http/message.h"

namespace mill::http {

std::string query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = std::min(pair.size(), pair.find('='));
    if (pair.substr(0, equals) == name)
      return percent_decoded(pair.substr(std::min(pair.size(), equals + 1)));
  }
  return "";
}

}  // namespace mill::http
