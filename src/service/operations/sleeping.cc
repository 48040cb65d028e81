#include "service/operations/sleeping.h"

#include <array>
#include <string_view>
#include <utility>

#include "service/http/json_body.h"
#include "service/http/query.h"

namespace mill::operations {
namespace {

using http::Checked;
using http::query_value;
using inference::Host;
using llm::Farewell;
using Exchange = std::shared_ptr<http::Exchange>;

struct Mode {
  std::string_view name;
  Farewell running;
};
constexpr std::array kModes = {Mode{"", Farewell::wait}, Mode{"wait", Farewell::wait},
                               Mode{"keep", Farewell::keep}, Mode{"abort", Farewell::cancel}};

// There is one way to sleep: the weights are in a file already, so that both of vLLM's levels (to
// keep a copy of them in the processor's memory, or none) are the same.
Checked<llm::SleepOptions> sleep_options(const std::string& query) {
  const std::string level = query_value(query, "level");
  if (!level.empty() && level != "1" && level != "2")
    return http::refuse("'level' must be 1 or 2, which are the same here", "level");
  const std::string wake = query_value(query, "wake");
  if (!wake.empty() && wake != "request" && wake != "call")
    return http::refuse("'wake' must be request or call", "wake");
  const std::string mode = query_value(query, "mode");
  for (const Mode& row : kModes) {
    if (row.name == mode) return llm::SleepOptions{.running = row.running, .held = wake == "call"};
  }
  return http::refuse("'mode' must be wait, keep or abort", "mode");
}

http::Response state(bool sleeping) { return http::json_response({{"is_sleeping", sleeping}}); }

http::Response refusal(const Error& error) {
  http::Problem problem = http::problem_of(error);
  if (error.kind == ErrorKind::cancelled) problem.status = 409;
  return http::problem_response(problem);
}

// It is called by the engine, so it keeps nothing of the engine's.
llm::Told telling(const Exchange& exchange, bool sleeping) {
  return [exchange, sleeping](const Result<void>& result) {
    exchange->respond(result ? state(sleeping) : refusal(result.error()));
  };
}

void sleep(const Host& host, const http::Request& request, const Exchange& exchange) {
  const auto model = host.find(query_value(request.query, "model"));
  if (!model) return exchange->respond(http::problem_response(model.error()));
  const auto how = sleep_options(request.query);
  if (!how) return exchange->respond(http::problem_response(how.error()));
  (*model)->sleep(*how, telling(exchange, true));
}

void wake(const Host& host, const http::Request& request, const Exchange& exchange) {
  const auto model = host.find(query_value(request.query, "model"));
  if (!model) return exchange->respond(http::problem_response(model.error()));
  (*model)->wake(telling(exchange, false));
}

void show(const Host& host, const http::Request& request, const Exchange& exchange) {
  const auto model = host.find(query_value(request.query, "model"));
  if (!model) return exchange->respond(http::problem_response(model.error()));
  exchange->respond(state((*model)->stats().sleep.sleeping));
}

template <void (*answer)(const Host&, const http::Request&, const Exchange&)>
http::Handler answering(const std::shared_ptr<const Host>& host) {
  return [host](const http::Request& request, const Exchange& exchange) {
    answer(*host, request, exchange);
  };
}

}  // namespace

std::vector<http::Route> sleep_routes(const std::shared_ptr<const Host>& host) {
  return {{"POST", "/sleep", answering<sleep>(host)},
          {"POST", "/wake_up", answering<wake>(host)},
          {"GET", "/is_sleeping", answering<show>(host)}};
}

}  // namespace mill::operations
