#pragma once
// GET /metrics: the engine's own counters and distributions under our names, and under vLLM's, so
// that dashboards and autoscalers made for it work. docs/operating.md lists them.

#include <string>

#include "service/http/server.h"
#include "service/inference/host.h"
#include "service/operations/endpoints.h"
#include "service/operations/exposition.h"

namespace mill::operations {

void write_engine_metrics(const inference::Host&, Exposition&);
void write_server_metrics(const http::ServerCounts&, Exposition&);
void write_process_metrics(Exposition&);
uint64_t resident_bytes();  // of this process

// Joules by where they went; they add up to what the meter said at the engine's last reading.
MoreMetrics energy_metrics(std::shared_ptr<const inference::Host>, std::string source);

}  // namespace mill::operations
