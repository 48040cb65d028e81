#pragma once
// Threads for requests that may take long before an answer is under way, so that those that serve
// the connections never wait for them.

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>

#include "service/http/exchange.h"

namespace mill::http {

class Lane {
 public:
  explicit Lane(unsigned threads = 2, size_t waiting_max = 256);
  ~Lane();  // once those under way are done; those that still wait are answered with 503

  // The handler; the requests of which `slow` says so are handled by the lane's threads, in the
  // order in which they come. 503 where too many wait. One whose client has gone meanwhile is not
  // begun. Not to be called once the lane has gone.
  Handler wrap(Handler, std::function<bool(const Request&)> slow);

 private:
  struct Task;
  void run(Task&);

  const size_t waiting_max_;
  std::atomic<size_t> waiting_{0};
  std::atomic<bool> closing_{false};
  boost::asio::thread_pool threads_;
};

}  // namespace mill::http
