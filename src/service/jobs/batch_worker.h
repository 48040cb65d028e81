#pragma once
// The thread that works off batches, the oldest first.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "service/jobs/batch_run.h"

namespace mill::jobs {

class BatchWorker {
 public:
  // Goes on with what an earlier server has left, and sweeps away what belongs to no batch.
  explicit BatchWorker(BatchWorld);
  ~BatchWorker();  // what is under way is cut off, to be asked again by the next server
  BatchWorker(const BatchWorker&) = delete;
  BatchWorker& operator=(const BatchWorker&) = delete;

  void wake();  // there is a new batch

 private:
  void work();
  std::string next();  // "" = none

  BatchWorld world_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool woken_ = true;
  std::thread thread_;
};

}  // namespace mill::jobs
