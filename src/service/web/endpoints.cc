#include "service/web/endpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/utc.h"
#include "service/http/lane.h"
#include "service/http/query.h"
#include "service/web/files.h"
#include "service/web/past_requests.h"

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

// What his key may besides is the ring's to say; without keys, everybody may do everything.
Viewer viewer_of(const Books& books, const http::Caller& caller) {
  Viewer viewer = Viewer::of(caller);
  viewer.admin = books.keys == nullptr;
  if (viewer.admin) return viewer;
  const auto ring = books.keys->get();
  viewer.admin = std::ranges::any_of(ring->keys, [&](const mill::tenants::Key& it) {
    return it.id == caller.key && it.may("admin");
  });
  return viewer;
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

// `before` is a number in the log, or a place in the ledger.
std::optional<PastCursor> past_in(const Request& request) {
  return PastCursor::parse(query_value(request.query, "before"));
}

Checked<RequestQuery> request_query(const Request& request) {
  const auto limit = number_in(request, {"limit", 50, 1, kLimitMax});
  if (!limit) return std::unexpected(limit.error());
  Checked<uint64_t> before = UINT64_MAX;
  if (!past_in(request)) before = number_in(request, {"before", UINT64_MAX, 1, UINT64_MAX});
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

template <class T>
Checked<T> checked(Result<T> result) {
  if (!result) return std::unexpected(http::problem_of(result.error()));
  return std::move(*result);
}

Checked<Json> requests(const RequestLog& log, const Request& request, std::string behind) {
  const auto query = request_query(request);
  if (!query) return std::unexpected(query.error());
  Json page = log.page(*query, Viewer::of(request.caller));
  if (page["next"].is_null() && !behind.empty()) page["next"] = std::move(behind);
  return page;
}

Checked<Json> past_requests(const Books& books, const RequestLog& log, const Request& request) {
  const auto query = request_query(request);
  if (!query) return std::unexpected(query.error());
  if (!books.entries)
    return http::refuse("'before' is a place in a ledger, and this server has none", "before");
  return checked(past_page(books, log, {*query, *past_in(request)}, Viewer::of(request.caller)));
}

std::string id_in(const Request& request) {
  return std::string(http::tail(kRequest, request.path));
}

Checked<Json> find_past(const Books& books, const Request& request) {
  const std::string id = id_in(request);
  TRY_ASSIGN(auto found, checked(past_request(books, id, Viewer::of(request.caller))));
  if (found) return std::move(*found);
  return std::unexpected(
      http::Problem{404,
                    fmt::format("The request '{}' is not among the last ones here{}", id,
                                books.entries ? ", nor in the ledger" : ""),
                    "", "not_found"});
}

Checked<Json> models(const ConsoleOptions& options, const Request& request) {
  const Viewer viewer = viewer_of(options.books, request.caller);
  if (!viewer.all && !viewer.admin)
    return std::unexpected(
        http::Problem{403, "What can be loaded is for keys with the scope 'operations' or 'admin'",
                      "", "missing_scope"});
  if (!options.loadable)
    return std::unexpected(http::Problem{
        404, "This server loads nothing: start it with --models-folder FOLDER", "", "not_found"});
  Json data = Json::array();
  for (const Loadable& it : options.loadable())
    data.push_back({{"name", it.name}, {"bytes", it.bytes}});
  return Json{{"object", "list"}, {"data", std::move(data)}};
}

Checked<Json> tenants(const Books& books, const Request& request, int64_t now) {
  const auto month = mill::tenants::window_at(mill::tenants::Window::month, now);
  const auto since = time_in(request, "since", month.began);
  if (!since) return std::unexpected(since.error());
  const auto until = time_in(request, "until", INT64_MAX);
  if (!until) return std::unexpected(until.error());
  return checked(tenants_json(books, Viewer::of(request.caller), {*since, *until}, now));
}

}  // namespace

struct Console::Impl {
  explicit Impl(ConsoleOptions given)
      : options(given), feed(std::make_unique<Observer>(std::move(given.sources)), given.feed) {}

  void listen(const Request& request, const Exchange& exchange) {
    const auto every = number_in(request, {"every", 1, 1, kEveryMax});
    if (!every) return exchange->respond(answer(std::unexpected(every.error())));
    if (request.method == "HEAD")
      return exchange->respond(fresh({.headers = {{"Content-Type", "text/event-stream"}}}));
    feed.stream(viewer_of(options.books, request.caller), static_cast<int>(*every), exchange);
  }

  void list(const Request& request, const Exchange& exchange) {
    if (past_in(request))
      return slowly(request, exchange, [this](const Request& asked) {
        return past_requests(options.books, log(), asked);
      });
    std::string behind;
    if (options.books.entries) behind = web::behind(log(), now()).text();
    exchange->respond(answer(requests(log(), request, std::move(behind))));
  }

  void tell(const Request& request, const Exchange& exchange) {
    if (auto found = log().find(id_in(request), Viewer::of(request.caller)))
      return exchange->respond(answer(Checked<Json>(std::move(*found))));
    slowly(request, exchange,
           [this](const Request& asked) { return find_past(options.books, asked); });
  }

  // What reads a disk, or asks a database.
  template <class Answer>
  void slowly(const Request& request, const Exchange& exchange, Answer made) {
    const auto slow = [](const Request&) { return true; };
    lane.wrap([made](const Request& asked,
                     const Exchange& waiting) { waiting->respond(answer(made(asked))); },
              slow)(request, exchange);
  }

  const RequestLog& log() const { return *options.sources.log; }
  int64_t now() const { return options.sources.host->unix_time(); }

  const ConsoleOptions options;
  Feed feed;
  http::Lane lane{1, 32};  // ends first
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
  const auto slow_route = [&route](const char* path, auto made) {
    return route(path, [made](Impl& it, const Request& request, const Exchange& exchange) {
      it.slowly(request, exchange, [&it, made](const Request& asked) { return made(it, asked); });
    });
  };
  return {
      route("/v1/console/state",
            [](Impl& it, const Request& request, const Exchange& exchange) {
              it.feed.once(viewer_of(it.options.books, request.caller), exchange);
            }),
      route("/v1/console/events", [](Impl& it, const Request& request,
                                     const Exchange& exchange) { it.listen(request, exchange); }),
      route("/v1/console/requests", [](Impl& it, const Request& request,
                                       const Exchange& exchange) { it.list(request, exchange); }),
      route(kRequest, [](Impl& it, const Request& request,
                         const Exchange& exchange) { it.tell(request, exchange); }),
      slow_route("/v1/console/models",
                 [](Impl& it, const Request& asked) { return models(it.options, asked); }),
      slow_route("/v1/console/tenants",
                 [](Impl& it, const Request& asked) {
                   return tenants(it.options.books, asked, it.now());
                 }),
  };
}

}  // namespace mill::web
