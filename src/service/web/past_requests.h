#pragma once
// Requests that have left the log, or ended before the server's start: what the ledger says of
// them. They have no timeline, and their end is known to the second.

#include <optional>
#include <string>

#include "service/web/request_log.h"
#include "service/web/tenant_page.h"

namespace mill::web {

// Where a page of them begins: "1764256144.req_0123…", behind this request in the ledger's order.
// Without an id, with those that ended before the second.
struct PastCursor {
  int64_t ended = 0;
  std::string request = {};

  static std::optional<PastCursor> parse(const std::string&);  // nothing: it is none
  std::string text() const;
};

// Behind the log's oldest; all that the log has may come once more, in part.
PastCursor behind(const RequestLog&, int64_t now);

// A page as the log's, without those that the log has. `next` is such a cursor, or null.
struct PastQuery {
  RequestQuery query = {};  // but `before`
  PastCursor from = {};
};
Result<Json> past_page(const Books&, const RequestLog&, const PastQuery&, const Viewer&);

Result<std::optional<Json>> past_request(const Books&, const std::string& request, const Viewer&);

}  // namespace mill::web
