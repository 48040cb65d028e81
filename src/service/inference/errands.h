#pragma once
// Threads for what an answer waits for outside: a few at a time, and not too many that wait.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"

namespace mill::inference {

class Errands {
 public:
  Errands(uint32_t at_once, uint32_t waiting_max) : at_once_(at_once), waiting_max_(waiting_max) {}
  ~Errands() { close(); }

  // It is run once, on a thread of ours, unless this fails. Once closed() it should be short.
  Result<void> add(std::function<void()>);
  // What waits is run at once, and nothing more is taken. Returns when all is done.
  void close();
  const std::atomic<bool>& closed() const { return closed_; }

 private:
  void work();

  const uint32_t at_once_, waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;  // as many as were needed at once
  uint32_t idle_ = 0;
  std::atomic<bool> closed_{false};
};

}  // namespace mill::inference
