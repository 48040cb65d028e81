#pragma once
// A fixed team of threads that run one function together, each on its share ("lane"), and meet at
// barriers. A whole forward pass is one run(): between its ops the lanes meet at a spin barrier,
// which costs about a tenth of a microsecond, where waking threads would cost many.
//
//   Team team(2);
//   team.run([&](Lane& lane) {
//     for (size_t i : share of lane.split(n)) …;
//     lane.barrier();            // everyone's part is visible to everyone
//   });

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace mill {

struct Share {
  size_t begin = 0, end = 0;
};

class Team;

class Lane {
 public:
  Lane(Team& team, unsigned index) : team_(team), index_(index) {}
  unsigned index() const { return index_; }
  unsigned count() const;
  void barrier();
  // This lane's part of 0…n in whole steps: contiguous, all lanes' parts joined are 0…n.
  Share split(size_t n, size_t step = 1) const;

 private:
  Team& team_;
  unsigned index_;
};

class Team {
 public:
  // 0 = a thread for each processor that this process may use.
  explicit Team(unsigned threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  unsigned size() const { return size_; }
  // Runs the body on every lane, the caller being lane 0; returns when all are done.
  void run(const std::function<void(Lane&)>& body);

 private:
  friend class Lane;
  void work(unsigned index);
  void meet();

  unsigned size_;
  const std::function<void(Lane&)>* body_ = nullptr;
  alignas(64) std::atomic<uint32_t> arrived_{0};
  alignas(64) std::atomic<uint32_t> phase_{0};       // barriers passed
  alignas(64) std::atomic<uint32_t> generation_{0};  // run()s begun
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

}  // namespace mill
