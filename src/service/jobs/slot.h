#pragma once
// How a batch's requests come back: each has a Slot in place of a connection, and all slots put
// their answers into one Inbox.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "service/http/exchange.h"

namespace mill::jobs {

struct Delivery {
  size_t line = 0;
  http::Response response;
};

class Inbox {
 public:
  void put(Delivery);
  std::optional<Delivery> take(std::chrono::milliseconds at_most);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Delivery> deliveries_;
};

// Delivers exactly once, if only that the handler has dropped it.
class Slot : public http::Exchange {
 public:
  Slot(std::shared_ptr<Inbox> inbox, size_t line) : inbox_(std::move(inbox)), line_(line) {}
  ~Slot() override;

  void respond(http::Response) override;
  void begin(http::Response) override {}  // a batch's requests are not streamed; see ~Slot
  void write(std::string) override {}
  void end() override {}
  void on_gone(std::function<void()>) override;

  void leave();  // the answer is not wanted any more: the handler is told, and still delivers

 private:
  std::shared_ptr<Inbox> inbox_;
  size_t line_;
  std::mutex mutex_;  // guards what follows
  bool answered_ = false, gone_ = false;
  std::function<void()> on_gone_;
};

}  // namespace mill::jobs
