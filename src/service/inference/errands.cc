#include "service/inference/errands.h"

#include <utility>

namespace mill::inference {

Result<void> Errands::add(std::function<void()> errand) {
  const std::lock_guard lock(mutex_);
  if (closed_) return fail(ErrorKind::cancelled, "the server is stopping");
  if (waiting_.size() >= waiting_max_)
    return fail(ErrorKind::exhausted, "too many answers wait for their verifier");
  waiting_.push_back(std::move(errand));
  if (idle_ < waiting_.size() && threads_.size() < at_once_)
    threads_.emplace_back([this] { work(); });
  changed_.notify_one();
  return {};
}

void Errands::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty()) return;
    std::function<void()> next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    next();
    next = nullptr;  // lets go of what it holds
    lock.lock();
  }
}

void Errands::close() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    threads = std::exchange(threads_, {});
  }
  changed_.notify_all();
  for (std::thread& it : threads) it.join();
}

}  // namespace mill::inference
