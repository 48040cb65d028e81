#include "service/http/lane.h"

#include <fmt/format.h>
#include <malloc.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "service/http/problem.h"

namespace mill::http {
namespace {

// What took so long has mostly taken much memory, which the library would keep for this thread.
constexpr std::chrono::milliseconds kLong{50};

}  // namespace

struct Lane::Task {
  std::shared_ptr<const Handler> handler;
  Request request;
  std::shared_ptr<Exchange> exchange;
  std::shared_ptr<std::atomic<bool>> gone = std::make_shared<std::atomic<bool>>(false);
};

Lane::Lane(unsigned threads, size_t waiting_max) : waiting_max_(waiting_max), threads_(threads) {}

Lane::~Lane() {
  closing_ = true;
  threads_.join();
}

Handler Lane::wrap(Handler handler, std::function<bool(const Request&)> slow) {
  return [this, handler = std::make_shared<const Handler>(std::move(handler)),
          slow = std::move(slow)](Request request, std::shared_ptr<Exchange> exchange) {
    if (!slow(request)) return (*handler)(std::move(request), std::move(exchange));
    if (waiting_ >= waiting_max_)
      return exchange->respond(problem_response(
          {503, "Too many requests of this kind wait; try again", "", "overloaded"}));
    ++waiting_;
    const auto task = std::make_shared<Task>(handler, std::move(request), std::move(exchange));
    task->exchange->on_gone([gone = task->gone] { *gone = true; });
    boost::asio::post(threads_, [this, task] {
      --waiting_;
      const auto begun = std::chrono::steady_clock::now();
      run(*task);
      if (std::chrono::steady_clock::now() - begun > kLong) ::malloc_trim(0);
    });
  };
}

void Lane::run(Task& task) {
  if (*task.gone) return;
  if (closing_)
    return task.exchange->respond(
        problem_response({503, "The server is stopping", "", "overloaded"}));
  try {
    (*task.handler)(std::move(task.request), task.exchange);
  } catch (const std::exception& error) {  // a library's, out of memory for one
    task.exchange->respond(
        problem_response({500, fmt::format("The request failed: {}", error.what())}));
  }
}

}  // namespace mill::http
