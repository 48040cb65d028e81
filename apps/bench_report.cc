#include "apps/bench_report.h"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <sys/utsname.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <iterator>

namespace mill::apps {
namespace {

struct Spread {
  double middle = 0, least = 0, most = 0;
};

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

// Round by round, so that a machine that grows slower does so for both.
std::vector<double> ratios(const CaseReport& c) {
  std::vector<double> all;
  for (size_t i = 0; i < std::min(c.ours.size(), c.theirs.size()); ++i)
    all.push_back(c.ours[i] / c.theirs[i]);
  return all;
}

nlohmann::ordered_json json_of(const kernels::MachineLimits& limits) {
  return {{"read_plain_bytes_per_s", limits.read_plain},
          {"read_bytes_per_s", limits.read_best},
          {"int8_ops_per_s", limits.int8},
          {"bf16_ops_per_s", limits.bf16},
          {"f32_ops_per_s", limits.f32}};
}

std::string limits_line(const char* name, const kernels::MachineLimits& limits) {
  return fmt::format("{:<14}{:>12.1f}{:>12.1f}{:>12.0f}{:>12.0f}{:>12.0f}\n", name,
                     limits.read_plain / 1e9, limits.read_best / 1e9, limits.int8 / 1e9,
                     limits.bf16 / 1e9, limits.f32 / 1e9);
}

std::string case_line(const BenchReport& report, const CaseReport& c) {
  const Spread ours = spread_of(c.ours), ratio = spread_of(ratios(c));
  const double share = c.limit_share(report.limits);
  std::string line = fmt::format("{:<16}", c.bench.name);
  if (c.bench.is_start()) {
    line += fmt::format("{:>10.2f} s", 1 / ours.middle);
  } else {
    line += fmt::format("{:>12.1f}", ours.middle);
  }
  line += fmt::format("{:>10.2f}{:>14.1f}{:>8.0f}%{:>9}", c.needs.bytes / 1e9,
                      (c.needs.operations + c.needs.attention_operations) / 1e9, 100 * share,
                      c.peak_memory_bytes >> 20);
  if (!c.theirs.empty()) {
    const double theirs = spread_of(c.theirs).middle;
    line += fmt::format("{:>12.1f}  {:.2f} ({:.2f}–{:.2f})  {}", theirs, ratio.middle, ratio.least,
                        ratio.most, c.peer_settings);
  }
  return line + "\n";
}

// The value of the first line of a file under /proc that begins so.
std::string proc_value(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t value = line.find_first_not_of(": \t", key.size());
    if (line.starts_with(key) && value != std::string::npos) return line.substr(value);
  }
  return "unknown";
}

std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string words{std::istreambuf_iterator<char>(file), {}};
  while (words.ends_with('\0')) words.pop_back();
  std::ranges::replace(words, '\0', ' ');
  return words;
}

}  // namespace

double CaseReport::limit_share(const Limits& limits) const {
  std::vector<double> shares;
  for (size_t i = 0; i < ours.size(); ++i) {
    const double read = i < reads.size() ? reads[i] : limits.all.read_best;
    shares.push_back(apps::limit_share(needs, limits, bench, ours[i], read));
  }
  return spread_of(shares).middle;
}

nlohmann::ordered_json row_of(const BenchReport& report, const CaseReport& c) {
  const Spread ours = spread_of(c.ours);
  const Limits& limits = report.limits;
  nlohmann::ordered_json row = {
      {"case", c.bench.name},
      {"tokens_per_s", ours.middle},
      {"limit_share", c.limit_share(limits)},
      {"tokens_per_s_min", ours.least},
      {"tokens_per_s_max", ours.most},
      {"bytes", c.needs.bytes},
      {"operations", c.needs.operations + c.needs.attention_operations},
      {"read_bytes_per_s", c.reads.empty() ? limits.all.read_best : spread_of(c.reads).middle},
      {limits.kind + "_ops_per_s", limits.operations_per_s},
      {"isa", report.isa},
      {"threads", report.threads},
      {"peak_memory_bytes", c.peak_memory_bytes},
      {"weights_bytes", report.weights_bytes},
      {"limits", {{"all", json_of(limits.all)}, {"core", json_of(limits.core)}}}};
  if (c.bench.is_start()) row["seconds"] = 1 / ours.middle;
  if (c.theirs.empty()) return row;
  const Spread ratio = spread_of(ratios(c));
  row["peer"] = report.peer;
  row["peer_settings"] = c.peer_settings;
  row["peer_tokens_per_s"] = spread_of(c.theirs).middle;
  row["ratio"] = ratio.middle;
  row["ratio_min"] = ratio.least;
  row["ratio_max"] = ratio.most;
  return row;
}

std::string table_of(const BenchReport& report) {
  std::string text = fmt::format("{}, {}, {} threads, weights {} MiB{}{}\n", report.model,
                                 report.isa, report.threads, report.weights_bytes >> 20,
                                 report.peer.empty() ? "" : "; peer: ", report.peer);
  text += fmt::format("{:<14}{:>12}{:>12}{:>12}{:>12}{:>12}\n", "limits, G/s", "bytes plain",
                      "bytes best", "int8 ops", "bf16 ops", "f32 ops");
  text += limits_line("one core", report.limits.core);
  text += limits_line("all", report.limits.all);
  text += fmt::format("{:<16}{:>12}{:>10}{:>14}{:>9}{:>9}", "case", "tokens/s", "GB",
                      "G operations", "limit", "MiB");
  text += report.peer.empty() ? "\n" : "        peer  ratio (min–max)\n";
  for (const CaseReport& c : report.cases) text += case_line(report, c);
  return text;
}

Result<void> save_report(const BenchReport& report, const std::filesystem::path& path) {
  utsname system{};
  uname(&system);
  const std::time_t now = std::time(nullptr);
  std::ofstream file(path, std::ios::app);
  file << fmt::format("## {}, {:%Y-%m-%d %H:%M} UTC\n\n",
                      std::filesystem::path(report.model).filename().string(), fmt::gmtime(now));
  file << fmt::format("{}, memory {}; {} {}; tokenmill {} built by {} {}\n\n",
                      proc_value("/proc/cpuinfo", "model name"),
                      proc_value("/proc/meminfo", "MemTotal"), system.sysname, system.release,
                      TOKENMILL_VERSION,
#ifdef __clang__
                      "clang",
#else
                      "g++",
#endif
                      __VERSION__);
  file << "```\n" << command_line() << "\n```\n\n```\n" << table_of(report) << "```\n\n";
  file.flush();
  if (!file) return fail(ErrorKind::io, "cannot write {}", path.string());
  return {};
}

}  // namespace mill::apps
