#pragma once
// A server's life as its clients see it: it answers from its start, to say that it is not ready.
//
//   loading ──ready(handler)──▶ ready ──drain()──▶ draining
//
// /v1/health/live is 200 throughout, /v1/health/ready in the middle only. All other requests are
// 503 with Retry-After before and after.

#include <memory>
#include <mutex>

#include "service/http/exchange.h"

namespace mill::operations {

class Lifecycle {
 public:
  void ready(http::Handler);  // it answers from now on
  void drain();
  http::Handler handler();  // for the server; must not outlive this

 private:
  enum class Phase : uint8_t { loading, ready, draining };
  void answer(http::Request, const std::shared_ptr<http::Exchange>&) const;

  mutable std::mutex mutex_;  // guards what follows
  Phase phase_ = Phase::loading;
  std::shared_ptr<const http::Handler> handler_;
};

}  // namespace mill::operations
