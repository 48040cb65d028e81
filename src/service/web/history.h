#pragma once
// What an engine's counters were lately, so that they become rates. It is as long as somebody has
// looked.

#include <cstdint>
#include <deque>

#include "llm/engine_view.h"
#include "service/web/request_log.h"

namespace mill::web {

struct Sample {
  int64_t time = 0;  // of the engine's clock, nanoseconds
  int64_t busy = 0;
  llm::EngineStats stats = {};
  Earned earned = {};
};

class History {
 public:
  static constexpr int64_t kSpan = 65'000'000'000;  // nanoseconds: a minute, and what is late
  static constexpr int64_t kLeast = 500'000'000;    // between samples that are kept

  void add(const Sample&);

  // The latest one that is half a second older than `time`, to count the present from; and the
  // oldest. Null where there is none.
  const Sample* before(int64_t time) const;
  const Sample* oldest(int64_t time) const;

 private:
  std::deque<Sample> samples_;
};

}  // namespace mill::web
