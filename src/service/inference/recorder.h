#pragma once
// An Exchange for tests: keeps the answer and lets the test wait for it, or go away.

#include <condition_variable>
#include <mutex>

#include "service/http/exchange.h"
#include "service/http/json_body.h"

namespace mill::inference::testing {

class Recorder : public http::Exchange {
 public:
  void respond(http::Response response) override {
    const std::lock_guard lock(mutex_);
    response_ = std::move(response);
    over_ = true;
    changed_.notify_all();
  }
  void begin(http::Response head) override {
    const std::lock_guard lock(mutex_);
    response_ = std::move(head);
    response_.body.clear();
  }
  void write(std::string chunk) override {
    const std::lock_guard lock(mutex_);
    response_.body += chunk;
    changed_.notify_all();
  }
  void end() override {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  void on_gone(std::function<void()> callback) override {
    const std::lock_guard lock(mutex_);
    gone_ = std::move(callback);
  }

  http::Response wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_; });
    return response_;
  }
  void wait_for_text() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !response_.body.empty(); });
  }
  void leave() {
    std::function<void()> gone;
    {
      const std::lock_guard lock(mutex_);
      gone = gone_;
    }
    gone();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  http::Response response_;
  bool over_ = false;
  std::function<void()> gone_;
};

}  // namespace mill::inference::testing
