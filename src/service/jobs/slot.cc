#include "service/jobs/slot.h"

#include <utility>

#include "service/http/problem.h"

namespace mill::jobs {

void Inbox::put(Delivery delivery) {
  const std::lock_guard lock(mutex_);
  deliveries_.push_back(std::move(delivery));
  changed_.notify_one();
}

std::optional<Delivery> Inbox::take(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, at_most, [this] { return !deliveries_.empty(); }))
    return std::nullopt;
  Delivery first = std::move(deliveries_.front());
  deliveries_.pop_front();
  return first;
}

Slot::~Slot() {
  respond(http::problem_response({500, "The server has dropped this request without an answer"}));
}

void Slot::respond(http::Response response) {
  std::function<void()> dropped;  // destroyed after the lock: it may own what owns us
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(answered_, true)) return;
    dropped = std::exchange(on_gone_, nullptr);
  }
  inbox_->put({line_, std::move(response)});
}

void Slot::on_gone(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (answered_) return;
    if (!gone_) {
      on_gone_ = std::move(callback);
      return;
    }
  }
  callback();
}

void Slot::leave() {
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    if (answered_ || std::exchange(gone_, true)) return;
    callback = std::exchange(on_gone_, nullptr);
  }
  if (callback) callback();
}

}  // namespace mill::jobs
