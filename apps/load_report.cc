#include "apps/load_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mill::apps {
namespace {

double milliseconds_of(double seconds) { return seconds * 1e3; }
double mebibytes(size_t bytes) { return static_cast<double>(bytes) / 0x1p20; }

// One row of the table: a figure of each round, whose median is shown.
struct TableRow {
  const char* name;
  double (*value)(const LoadFigures&);
};

constexpr std::array kRows = {
    TableRow{"tokens/s out", [](const LoadFigures& f) { return f.out_per_s(); }},
    TableRow{"tokens/s in", [](const LoadFigures& f) { return f.in_per_s(); }},
    TableRow{"first token, ms, p50",
             [](const LoadFigures& f) { return milliseconds_of(f.first.percentile_s(0.5)); }},
    TableRow{"first token, ms, p90",
             [](const LoadFigures& f) { return milliseconds_of(f.first.percentile_s(0.9)); }},
    TableRow{"first token, ms, p99",
             [](const LoadFigures& f) { return milliseconds_of(f.first.percentile_s(0.99)); }},
    TableRow{"between tokens, ms, p50",
             [](const LoadFigures& f) { return milliseconds_of(f.gap.percentile_s(0.5)); }},
    TableRow{"between tokens, ms, p99",
             [](const LoadFigures& f) { return milliseconds_of(f.gap.percentile_s(0.99)); }},
    TableRow{"longest gap, ms",
             [](const LoadFigures& f) { return milliseconds_of(f.gap.max_s()); }},
};

double middle_of(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::vector<double> values_of(const TableRow& row, const std::vector<LoadFigures>& rounds) {
  std::vector<double> values;
  for (const LoadFigures& figures : rounds) values.push_back(row.value(figures));
  return values;
}

// Round by round, so that a machine that slows down does so for both; ours over theirs.
std::string ratio_text(const std::vector<double>& ours, const std::vector<double>& theirs) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    if (theirs[i] > 0) ratios.push_back(ours[i] / theirs[i]);
  }
  if (ratios.empty()) return "";
  const auto [least, most] = std::ranges::minmax(ratios);
  if (ratios.size() == 1) return fmt::format("{:.3f}", least);
  return fmt::format("{:.3f} ({:.3f}–{:.3f})", middle_of(ratios), least, most);
}

struct Sum {
  uint64_t finished = 0, vanished = 0, failed = 0, reopened = 0;
  double cpu_s = 0, seconds = 0, late_s = 0;
};

Sum sum_of(const std::vector<LoadFigures>& rounds) {
  Sum sum;
  for (const LoadFigures& f : rounds) {
    sum.finished += f.finished;
    sum.vanished += f.vanished;
    sum.failed += f.failed;
    sum.reopened += f.idle_reopened;
    sum.cpu_s += f.cpu_s;
    sum.seconds += f.seconds;
    sum.late_s = std::max(sum.late_s, f.late_s);
  }
  return sum;
}

std::string side_lines(const std::string& name, const std::vector<LoadFigures>& rounds) {
  if (rounds.empty()) return "";
  const Sum sum = sum_of(rounds);
  std::string text = fmt::format("{}: {} finished, {} vanished, {} failed in {:.1f} s", name,
                                 sum.finished, sum.vanished, sum.failed, sum.seconds);
  if (sum.reopened > 0) text += fmt::format("; closed {} idle connections", sum.reopened);
  const MemoryUse& memory = rounds.back().memory;
  if (memory.start > 0)
    text += fmt::format(
        "; memory, MiB: {:.0f} at the start, {:.0f} warm, {:.0f} at the end "
        "({:+.1f} %), {:.0f} at most",
        mebibytes(memory.start), mebibytes(memory.warm), mebibytes(memory.end),
        100 * memory.growth(), mebibytes(memory.peak));
  text += fmt::format("; the generator: {:.2f} s of CPU, late by {:.1f} ms at most\n", sum.cpu_s,
                      milliseconds_of(sum.late_s));
  for (const LoadFigures& f : rounds) {
    for (const std::string& complaint : f.complaints) text += "  failed: " + complaint + "\n";
  }
  return text;
}

void add_times(nlohmann::ordered_json& row, const char* name, const Histogram& times) {
  const auto key = [name](const char* end) { return fmt::format("{}_ms_{}", name, end); };
  row[key("p50")] = milliseconds_of(times.percentile_s(0.5));
  row[key("p90")] = milliseconds_of(times.percentile_s(0.9));
  row[key("p99")] = milliseconds_of(times.percentile_s(0.99));
  row[key("max")] = milliseconds_of(times.max_s());
}

nlohmann::ordered_json row_of(const LoadFigures& f) {
  nlohmann::ordered_json row = {{"requests", f.started},
                                {"finished", f.finished},
                                {"vanished", f.vanished},
                                {"failed", f.failed},
                                {"prompt_tokens", f.prompt_tokens},
                                {"cached_tokens", f.cached_tokens},
                                {"answer_tokens", f.answer_tokens},
                                {"vanished_pieces", f.vanished_pieces},
                                {"seconds", f.seconds},
                                {"tokens_per_s", f.out_per_s()},
                                {"prompt_tokens_per_s", f.in_per_s()}};
  add_times(row, "first", f.first);
  add_times(row, "gap", f.gap);
  add_times(row, "whole", f.whole);
  row["late_ms_max"] = milliseconds_of(f.late_s);
  row["idle_reopened"] = f.idle_reopened;
  row["generator_cpu_s"] = f.cpu_s;
  row["rss_start_bytes"] = f.memory.start;
  row["rss_warm_bytes"] = f.memory.warm;
  row["rss_end_bytes"] = f.memory.end;
  row["rss_peak_bytes"] = f.memory.peak;
  row["rss_growth"] = f.memory.growth();
  row["complaints"] = f.complaints;
  return row;
}

}  // namespace

std::vector<nlohmann::ordered_json> rows_of(const LoadReport& report) {
  std::vector<nlohmann::ordered_json> rows;
  for (size_t round = 0; round < report.ours.size(); ++round) {
    const auto add = [&](const char* side, const std::string& server, const LoadFigures& figures) {
      nlohmann::ordered_json row = {
          {"case", report.name}, {"side", side}, {"server", server}, {"round", round + 1}};
      row.update(row_of(figures));
      rows.push_back(std::move(row));
    };
    add("ours", report.server, report.ours[round]);
    if (round < report.theirs.size()) add("peer", report.peer, report.theirs[round]);
  }
  return rows;
}

std::string table_of(const LoadReport& report) {
  const bool versus = !report.theirs.empty();
  std::string text = fmt::format("{:<26}{:>12}", report.name, "ours");
  text += versus ? "        peer  ours/peer\n" : "\n";
  for (const TableRow& row : kRows) {
    const std::vector<double> ours = values_of(row, report.ours);
    text += fmt::format("{:<26}{:>12.1f}", row.name, middle_of(ours));
    if (versus) {
      const std::vector<double> theirs = values_of(row, report.theirs);
      text += fmt::format("{:>12.1f}  {}", middle_of(theirs), ratio_text(ours, theirs));
    }
    text += '\n';
  }
  text += side_lines("ours", report.ours);
  text += side_lines("peer", report.theirs);
  return text;
}

}  // namespace mill::apps
