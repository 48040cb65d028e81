#include "service/web/past_requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "service/ledger/prices.h"
#include "service/web/numbers.h"

namespace mill::web {
namespace {

// A request may leave the log before another one that ended a moment, and so a second, earlier.
constexpr int64_t kOutOfOrder = 2;  // seconds

Json json_of(const ledger::Entry& it) {
  Json digest, joules;
  if (!it.digest.empty()) digest = it.digest;
  if (it.millijoules) joules = static_cast<double>(*it.millijoules) / 1e3;
  const int64_t ended_ms = it.ended * 1000;
  return {{"request", it.request},
          {"tenant", it.tenant},
          {"key", it.key},
          {"endpoint", it.endpoint},
          {"model", it.model},
          {"digest", std::move(digest)},
          {"outcome", it.outcome},
          {"arrived_ms", ended_ms - it.milliseconds},
          {"ended_ms", ended_ms},
          {"answers", Json::array()},
          {"recorded_ms", nullptr},
          {"prompt_tokens", it.prompt},
          {"cached_tokens", it.cached},
          {"thinking_tokens", it.thinking},
          {"generated_tokens", it.thinking + it.answer},
          {"joules", std::move(joules)},
          {"euros", ledger::euros_text(it.nanoeuros)},
          {"receipt", nullptr},
          {"source", "ledger"}};
}

Json empty_page() { return {{"object", "list"}, {"data", Json::array()}, {"next", nullptr}}; }

}  // namespace

std::optional<PastCursor> PastCursor::parse(const std::string& text) {
  PastCursor cursor;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, cursor.ended);
  if (error != std::errc() || end == last || *end != '.' || cursor.ended < 0) return std::nullopt;
  cursor.request.assign(end + 1, last);
  return cursor;
}

std::string PastCursor::text() const { return fmt::format("{}.{}", ended, request); }

PastCursor behind(const RequestLog& log, int64_t now) {
  return {log.oldest_ended().value_or(now) + kOutOfOrder};
}

Result<Json> past_page(const Books& books, const RequestLog& log, const PastQuery& asked,
                       const Viewer& viewer) {
  const RequestQuery& query = asked.query;
  if (!query.tenant.empty() && !viewer.sees(query.tenant)) return empty_page();
  const std::set<std::string> logged = log.ended_by(asked.from.ended);
  ledger::EntryQuery wanted{.ledger = {},
                            .ended = asked.from.ended,
                            .before_id = asked.from.request,
                            .limit = query.limit + logged.size() + 1,
                            .outcome = query.outcome};
  if (!viewer.all) wanted.tenant = viewer.tenant;
  if (!query.tenant.empty()) wanted.tenant = query.tenant;
  TRY_ASSIGN(auto found, books.entries(std::move(wanted)));
  std::erase_if(found, [&](const ledger::Entry& it) { return logged.contains(it.request); });
  Json page = empty_page();
  if (found.size() > query.limit) {
    found.resize(query.limit);
    page["next"] = PastCursor{found.back().ended, found.back().request}.text();
  }
  for (const ledger::Entry& it : found) page["data"].push_back(json_of(it));
  return page;
}

Result<std::optional<Json>> past_request(const Books& books, const std::string& request,
                                         const Viewer& viewer) {
  if (!books.entries || request.empty()) return std::nullopt;
  ledger::EntryQuery wanted{.ledger = {}, .limit = 1, .request = request};
  if (!viewer.all) wanted.tenant = viewer.tenant;
  TRY_ASSIGN(const auto found, books.entries(std::move(wanted)));
  if (found.empty()) return std::nullopt;
  return std::optional<Json>(json_of(found.front()));
}

}  // namespace mill::web
