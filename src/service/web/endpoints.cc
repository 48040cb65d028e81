#include "service/web/endpoints.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/utc.h"
#include "service/http/lane.h"
#include "service/http/query.h"
#include "service/web/files.h"

namespace mill::web {
namespace {

using http::Checked;
using http::query_value;
using http::Request;
using Exchange = std::shared_ptr<http::Exchange>;

constexpr const char* kRequest = "/v1/console/requests/*";
constexpr uint64_t kLimitMax = 200;
constexpr uint64_t kEveryMax = 60;  // seconds

http::Response fresh(http::Response response) {
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

http::Response answer(const Checked<Json>& json) {
  return fresh(json ? http::json_response(*json) : http::problem_response(json.error()));
}

struct Range {
  const char* name;
  uint64_t usual, least, most;
};

Checked<uint64_t> number_in(const Request& request, Range range) {
  const std::string text = query_value(request.query, range.name);
  if (text.empty()) return range.usual;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= range.least &&
      value <= range.most)
    return value;
  return http::refuse(
      fmt::format("'{}' must be an integer from {} to {}", range.name, range.least, range.most),
      range.name);
}

Checked<int64_t> time_in(const Request& request, const char* name, int64_t usual) {
  const std::string text = query_value(request.query, name);
  if (text.empty()) return usual;
  const auto time = utc_of(text);
  if (time) return *time;
  return http::refuse(fmt::format("'{}': {}", name, time.error().message), name);
}

Checked<RequestQuery> request_query(const Request& request) {
  const auto limit = number_in(request, {"limit", 50, 1, kLimitMax});
  if (!limit) return std::unexpected(limit.error());
  const auto before = number_in(request, {"before", UINT64_MAX, 1, UINT64_MAX});
  if (!before) return std::unexpected(before.error());
  RequestQuery query{.limit = *limit,
                     .before = *before,
                     .tenant = query_value(request.query, "tenant"),
                     .outcome = query_value(request.query, "outcome")};
  const std::string& outcome = query.outcome;
  if (!outcome.empty() && outcome != "whole" && outcome != "cancelled" && outcome != "failed")
    return http::refuse("'outcome' must be whole, cancelled or failed", "outcome");
  return query;
}

Checked<Json> requests(const RequestLog& log, const Request& request) {
  const auto query = request_query(request);
  if (!query) return std::unexpected(query.error());
  return log.page(*query, Viewer::of(request.caller));
}

Checked<Json> one_request(const RequestLog& log, const Request& request) {
  const std::string id(http::tail(kRequest, request.path));
  if (auto found = log.find(id, Viewer::of(request.caller))) return std::move(*found);
  return std::unexpected(http::Problem{
      404, fmt::format("The request '{}' is not among the last ones here", id), "", "not_found"});
}

Checked<Json> tenants(const Books& books, const Request& request, int64_t now) {
  const auto month = mill::tenants::window_at(mill::tenants::Window::month, now);
  const auto since = time_in(request, "since", month.began);
  if (!since) return std::unexpected(since.error());
  const auto until = time_in(request, "until", INT64_MAX);
  if (!until) return std::unexpected(until.error());
  auto json = tenants_json(books, Viewer::of(request.caller), {*since, *until}, now);
  if (!json) return std::unexpected(http::problem_of(json.error()));
  return std::move(*json);
}

}  // namespace

struct Console::Impl {
  explicit Impl(ConsoleOptions given)
      : log(given.sources.log),
        host(given.sources.host),
        books(std::move(given.books)),
        feed(std::make_unique<Observer>(std::move(given.sources)), given.feed) {}

  void listen(const Request& request, const Exchange& exchange) {
    const auto every = number_in(request, {"every", 1, 1, kEveryMax});
    if (!every) return exchange->respond(answer(std::unexpected(every.error())));
    if (request.method == "HEAD")
      return exchange->respond(fresh({.headers = {{"Content-Type", "text/event-stream"}}}));
    feed.stream(Viewer::of(request.caller), static_cast<int>(*every), exchange);
  }

  const std::shared_ptr<const RequestLog> log;
  const std::shared_ptr<const inference::Host> host;
  const Books books;
  Feed feed;
  http::Lane lane{1, 32};  // for what asks the ledger; ends first
};

Console::Console(ConsoleOptions options) : impl_(std::make_shared<Impl>(std::move(options))) {}

void Console::close() { impl_->feed.close(); }

std::vector<http::Route> Console::routes() const {
  const std::weak_ptr<Impl> weak = impl_;
  const auto route = [weak](const char* path, auto handle) {
    return http::Route{
        "GET", path, [weak, handle](const Request& request, const Exchange& exchange) {
          if (const auto alive = weak.lock()) return handle(*alive, request, exchange);
          exchange->respond(
              http::problem_response({503, "The server is stopping", "", "overloaded"}));
        }};
  };
  return {
      route("/v1/console/state",
            [](Impl& it, const Request& request, const Exchange& exchange) {
              it.feed.once(Viewer::of(request.caller), exchange);
            }),
      route("/v1/console/events", [](Impl& it, const Request& request,
                                     const Exchange& exchange) { it.listen(request, exchange); }),
      route("/v1/console/requests",
            [](Impl& it, const Request& request, const Exchange& exchange) {
              exchange->respond(answer(requests(*it.log, request)));
            }),
      route(kRequest,
            [](Impl& it, const Request& request, const Exchange& exchange) {
              exchange->respond(answer(one_request(*it.log, request)));
            }),
      route("/v1/console/tenants",
            [](Impl& it, const Request& request, const Exchange& exchange) {
              const auto slow = [](const Request&) { return true; };
              it.lane.wrap(
                  [&it](const Request& asked, const Exchange& waiting) {
                    waiting->respond(answer(tenants(it.books, asked, it.host->unix_time())));
                  },
                  slow)(request, exchange);
            }),
  };
}

}  // namespace mill::web
