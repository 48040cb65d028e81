#pragma once
// What `tokenmill bench` found, as JSON rows, as a table, and as a section of a file of results.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/bench_needs.h"

namespace mill::apps {

struct CaseReport {
  BenchCase bench;
  Needs needs;
  std::vector<double> ours, theirs;  // tokens a second, one a round; starts a second for "start"
  std::vector<double> reads;         // bytes a second that reads gave after each round
  std::string peer_settings;         // what the peer was fastest with
  size_t peak_memory_bytes = 0;
  double limit_share(const Limits&) const;  // median over the rounds
};

struct BenchReport {
  std::string model, isa, peer;  // peer: its name and version, "" = none
  unsigned threads = 0;
  size_t weights_bytes = 0;  // as they lie in memory
  Limits limits;
  std::vector<CaseReport> cases;
};

// Keys that other programs rely on: case, tokens_per_s, limit_share, tokens_per_s_min and _max,
// bytes, operations, read_bytes_per_s, isa, threads, peak_memory_bytes; with a peer also peer,
// peer_tokens_per_s, ratio, ratio_min and ratio_max.
nlohmann::ordered_json row_of(const BenchReport&, const CaseReport&);

std::string table_of(const BenchReport&);

// Adds a section to a Markdown file: when, on which machine, by which command, and the table.
Result<void> save_report(const BenchReport&, const std::filesystem::path&);

}  // namespace mill::apps
