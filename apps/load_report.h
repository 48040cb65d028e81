#pragma once
// What `tokenmill bench serve` found: a table for each case, and JSON rows.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/load_run.h"

namespace mill::apps {

struct LoadReport {
  std::string name;                       // of the case
  std::string model, server, peer;        // peer: "" = none
  std::vector<LoadFigures> ours, theirs;  // one a round
};

// Keys that other programs rely on: case, side (ours, peer), server, round, requests, finished,
// vanished, failed, prompt_tokens, cached_tokens, answer_tokens, vanished_pieces, seconds,
// tokens_per_s, prompt_tokens_per_s; first_ms, gap_ms and whole_ms with _p50, _p90, _p99 and _max;
// late_ms_max, idle_reopened, generator_cpu_s, rss_start_bytes, rss_warm_bytes, rss_end_bytes,
// rss_peak_bytes, rss_growth, complaints.
std::vector<nlohmann::ordered_json> rows_of(const LoadReport&);

std::string table_of(const LoadReport&);

}  // namespace mill::apps
