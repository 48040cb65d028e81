#include "base/team.h"

#include <sched.h>

#include <algorithm>

namespace mill {
namespace {

unsigned usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return std::thread::hardware_concurrency();
  return static_cast<unsigned>(CPU_COUNT(&set));
}

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// Spins while the value is `old`, giving the processor away once it seems that somebody else needs
// it: where there are more busy threads than processors, the one that is waited for must run.
constexpr int kSpins = 4000;
void spin_while(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int spins = 0; value.load(std::memory_order_acquire) == old; ++spins) {
    if (spins < kSpins)
      pause_briefly();
    else
      std::this_thread::yield();
  }
}

}  // namespace

unsigned Lane::count() const { return team_.size(); }
void Lane::barrier() { team_.meet(); }

Share Lane::split(size_t n, size_t step) const {
  const size_t steps = (n + step - 1) / step;
  const size_t begin = steps * index_ / count() * step;
  const size_t end = steps * (index_ + 1) / count() * step;
  return {std::min(begin, n), std::min(end, n)};
}

Team::Team(unsigned threads) : size_(std::max(1U, threads == 0 ? usable_processors() : threads)) {
  for (unsigned index = 1; index < size_; ++index)
    threads_.emplace_back([this, index] { work(index); });
}

Team::~Team() {
  stop_ = true;
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Team::run(const std::function<void(Lane&)>& body) {
  body_ = &body;
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  Lane lane(*this, 0);
  body(lane);
  meet();
}

void Team::work(unsigned index) {
  uint32_t seen = 0;
  while (true) {
    for (int spins = 0; spins < kSpins && generation_.load(std::memory_order_acquire) == seen;
         ++spins)
      pause_briefly();
    generation_.wait(seen, std::memory_order_acquire);
    ++seen;
    if (stop_) return;
    Lane lane(*this, index);
    (*body_)(lane);
    meet();
  }
}

// The last to arrive opens the next phase for all.
void Team::meet() {
  const uint32_t phase = phase_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.store(phase + 1, std::memory_order_release);
  } else {
    spin_while(phase_, phase);
  }
}

}  // namespace mill
