#include "kernels/limits.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#include "base/pages.h"

namespace mill::kernels {
namespace {

double seconds_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// The best of some runs of `body` on all lanes, in seconds: what disturbs a run makes it slower.
template <class Body>
double best_seconds(Team& team, int runs, Body body) {
  double best = 1e30;
  for (int i = 0; i < runs; ++i) {
    const double start = seconds_now();
    team.run(body);
    best = std::min(best, seconds_now() - start);
  }
  return best;
}

double probe_rate(Team& team, double (*probe)(size_t), size_t rounds) {
  std::atomic<double> operations{0};
  const double seconds = best_seconds(team, 5, [&](Lane&) { operations = probe(rounds); });
  return operations * team.size() / seconds;
}

}  // namespace

double read_bytes_per_s(Team& team, const Ops& ops, size_t bytes) {
  auto pages = Pages::allocate(std::max<size_t>(bytes, size_t{1} << 20));
  if (!pages) return 0.0;
  std::memset(pages->data(), 1, pages->size());
  double best = 1e30;
  for (const size_t ahead : {size_t{0}, size_t{1024}, size_t{4096}}) {
    best = std::min(best, best_seconds(team, 6, [&](Lane& lane) {
                      const Share share = lane.split(pages->size(), 4096);
                      ops.read_probe(pages->data() + share.begin, share.end - share.begin, ahead);
                    }));
  }
  return static_cast<double>(pages->size()) / best;
}

double int8_ops_per_s(Team& team, const Ops& ops) {
  return probe_rate(team, ops.int8_probe, 200'000);
}
double f32_ops_per_s(Team& team, const Ops& ops) {
  return probe_rate(team, ops.f32_probe, 200'000);
}

}  // namespace mill::kernels
