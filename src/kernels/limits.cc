#include "kernels/limits.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>

#include "base/pages.h"
#include "kernels/limits_bf16.h"

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

// Each lane reads one long run, as kernels do.
double read_rate(Team& team, const Ops& ops, const Pages& pages, size_t ahead, int runs) {
  const double best = best_seconds(team, runs, [&](Lane& lane) {
    const Share share = lane.split(pages.size(), 4096);
    ops.read_probe(pages.data() + share.begin, share.end - share.begin, ahead);
  });
  return static_cast<double>(pages.size()) / best;
}

void measure_reads(Team& team, const Ops& ops, size_t bytes, MachineLimits& limits) {
  auto pages = Pages::allocate(std::max<size_t>(bytes, size_t{1} << 20));
  if (!pages) return;
  std::memset(pages->data(), 1, pages->size());
  limits.read_plain = limits.read_best = read_rate(team, ops, *pages, 0, 6);
  for (const size_t ahead : {512U, 1024U, 2048U, 4096U, 8192U})
    limits.read_best = std::max(limits.read_best, read_rate(team, ops, *pages, ahead, 6));
}

}  // namespace

MachineLimits measure_machine(Team& team, const Ops& ops, size_t buffer_bytes) {
  constexpr size_t kRounds = 200'000;
  MachineLimits limits;
  measure_reads(team, ops, buffer_bytes, limits);
  limits.int8 = probe_rate(team, ops.int8_probe, kRounds);
  limits.f32 = probe_rate(team, ops.f32_probe, kRounds);
  const auto bf16 = bf16_probe(ops);
  limits.bf16 = bf16 == nullptr ? limits.f32 : probe_rate(team, bf16, kRounds);
  return limits;
}

double measure_reads_now(Team& team, const Ops& ops, size_t buffer_bytes) {
  auto pages = Pages::allocate(std::max<size_t>(buffer_bytes, size_t{1} << 20));
  if (!pages) return 0.0;
  std::memset(pages->data(), 1, pages->size());
  double best = 0.0;
  for (const size_t ahead : {0U, 1024U, 4096U})
    best = std::max(best, read_rate(team, ops, *pages, ahead, 2));
  return best;
}

}  // namespace mill::kernels
