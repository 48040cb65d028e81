#include "service/operations/lifecycle.h"

#include <utility>

#include "service/http/problem.h"

namespace mill::operations {
namespace {

http::Response health(int status, const char* message) {
  return http::json_response({{"object", "health.response"}, {"message", message}}, status);
}

http::Response refusal(const char* message) {
  return http::problem_response({503, message, "", "overloaded"});
}

}  // namespace

void Lifecycle::ready(http::Handler handler) {
  const std::lock_guard lock(mutex_);
  handler_ = std::make_shared<const http::Handler>(std::move(handler));
  phase_ = Phase::ready;
}

void Lifecycle::drain() {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::draining;
}

http::Handler Lifecycle::handler() {
  return [this](http::Request request, const std::shared_ptr<http::Exchange>& exchange) {
    answer(std::move(request), exchange);
  };
}

void Lifecycle::answer(http::Request request,
                       const std::shared_ptr<http::Exchange>& exchange) const {
  std::unique_lock lock(mutex_);
  const Phase phase = phase_;
  const std::shared_ptr<const http::Handler> handler = handler_;
  lock.unlock();
  const bool asks = request.method == "GET" || request.method == "HEAD";
  if (asks && request.path == "/v1/health/live")
    return exchange->respond(health(200, "Service is live."));
  if (asks && request.path == "/v1/health/ready")
    return exchange->respond(phase == Phase::ready ? health(200, "Service is ready.")
                                                   : health(503, "Service is not ready."));
  if (phase == Phase::ready) return (*handler)(std::move(request), exchange);
  exchange->respond(phase == Phase::loading
                        ? refusal("The model is loading; try again in a moment")
                        : refusal("The server is stopping; try again elsewhere, or later"));
}

}  // namespace mill::operations
