#pragma once
// How long requests take and how large they are, as distributions: what /metrics tells.
//
//   arrived ──queue──▶ scheduled ──prefill──▶ first token ──decode──▶ last token
//   └────────────── TTFT ──────────────────────────┘                          │
//   └────────────────────────────────── e2e ──────────────────────────────────┘
//
// Times are nanoseconds of a clock that only ascends. A step's tokens all come at its end, so one
// reading at its beginning and one at its end make every figure exact.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mill::llm {

// Seconds by 1, 2.5, 5 from a millisecond to 42 minutes; tokens by 1, 2, 5 to half a million.
inline constexpr std::array<double, 20> kSecondsBounds = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,  1,
    2.5,   5,      10,    25,   50,    100,  250, 500,  1000, 2500};
inline constexpr std::array<double, 18> kTokensBounds = {
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5};

// counts[i] observations of at most bounds[i] that exceed bounds[i - 1]; the last: beyond all.
template <const auto& bounds>
struct Histogram {
  std::array<uint64_t, bounds.size() + 1> counts = {};
  double sum = 0;

  void observe(double value) {
    size_t i = 0;
    while (i < bounds.size() && value > bounds[i]) ++i;
    ++counts[i];
    sum += value;
  }
  uint64_t count() const {
    uint64_t all = 0;
    for (const uint64_t each : counts) all += each;
    return all;
  }
  static std::span<const double> limits() { return bounds; }
};
using SecondsHistogram = Histogram<kSecondsBounds>;
using TokensHistogram = Histogram<kTokensBounds>;

// One request's, so far; 0 = not yet.
struct RequestTimes {
  int64_t arrived = 0, scheduled = 0, first_token = 0, last_token = 0;
};

struct EngineTimes {
  SecondsHistogram queue, first_token, inter_token, prefill, decode, whole;
  TokensHistogram prompt, generated;  // of requests that finished, cancelled ones included
  TokensHistogram step;               // tokens computed in a step

  // A step that computes a piece of it begins.
  void on_scheduled(RequestTimes&, int64_t now);
  // It has got so many tokens. Those that were guessed right come together, with nothing between.
  void on_tokens(RequestTimes&, uint32_t count, int64_t now);
  // It is over, of itself or by a cancel; a request that nobody scheduled took no time of ours.
  void on_finished(const RequestTimes&, int64_t now);
};

}  // namespace mill::llm
