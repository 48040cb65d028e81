#pragma once
// An engine in numbers: what it has done since its start, and what it does now.

#include <memory>

#include "service/web/history.h"

namespace mill::web {

// One model's engine at one time. Null samples: nobody looked before.
struct EnginePicture {
  std::shared_ptr<const llm::EngineView> view;
  Sample now = {};
  const Sample* before = nullptr;
  const Sample* oldest = nullptr;
  int64_t shift = 0;    // from its clock to nanoseconds since 1970
  bool energy = false;  // the joules are known
  bool priced = false;
};

// {"counters", "rates", "latency", "energy", "money"}
Json engine_figures(const EnginePicture&);

}  // namespace mill::web
