#pragma once
// A server under load: clients that ask one request after the other (closed loop), or requests that
// come when they come (open loop: by chance, or as recorded), with idle connections beside them.
// One thread does it all.

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/load_client.h"
#include "apps/load_figures.h"
#include "apps/load_plan.h"
#include "apps/load_trace.h"
#include "base/error.h"

namespace mill::apps {

struct LoadCase {
  std::string name;  // "16 clients"
  LoadPlan plan;
  uint32_t clients = 0;              // 0 = an open loop:
  double rate = 0;                   // arrivals a second; 0 = those of the trace
  std::vector<TraceRow> trace = {};  // its lengths take the place of the plan's
  uint64_t requests_max = std::numeric_limits<uint64_t>::max();
  double seconds_max = std::numeric_limits<double>::infinity();  // none begins after that
  uint32_t idle_connections = 0;
  std::chrono::seconds patience{300};  // for a byte of the server
};

struct LoadTarget {
  LoadAddress address;
  nlohmann::ordered_json settings;  // what each request says besides prompt and length
  pid_t pid = 0;                    // of the server; 0 = not ours to look at
};

// Ctrl-C ends it as cancelled; a server that fails requests does not end it.
Result<LoadFigures> run_load(const LoadTarget&, const LoadCase&);

}  // namespace mill::apps
