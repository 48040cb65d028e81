#include "service/http/router.h"

#include <fmt/format.h>

#include <utility>

#include "service/http/problem.h"

namespace mill::http {
namespace {

bool matches(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with('*')) return pattern == path;
  pattern.remove_suffix(1);
  return path.size() > pattern.size() && path.starts_with(pattern);
}

bool answers(const Route& route, std::string_view method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

void dispatch(const std::vector<Route>& routes, Request request,
              const std::shared_ptr<Exchange>& exchange) {
  std::string allowed;
  for (const Route& route : routes) {
    if (!matches(route.path, request.path)) continue;
    if (answers(route, request.method)) return route.handle(std::move(request), exchange);
    allowed += (allowed.empty() ? "" : ", ") + route.method;
    if (route.method == "GET") allowed += ", HEAD";
  }
  if (allowed.empty()) {
    return exchange->respond(problem_response(
        {404, fmt::format("There is no {}; see docs/api.md for what there is", request.path), "",
         "unknown_url"}));
  }
  Response response = problem_response(
      {405, fmt::format("{} takes {}, not {}", request.path, allowed, request.method), "",
       "method_not_allowed"});
  response.headers.push_back({"Allow", allowed});
  exchange->respond(std::move(response));
}

}  // namespace

Handler router(std::vector<Route> routes) {
  return [routes = std::move(routes)](Request request, const std::shared_ptr<Exchange>& exchange) {
    dispatch(routes, std::move(request), exchange);
  };
}

std::string_view tail(std::string_view pattern, std::string_view path) {
  return path.substr(std::min(path.size(), pattern.size() - 1));
}

}  // namespace mill::http
