#include "base/power.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

namespace mill {
namespace {

namespace fs = std::filesystem;

// A counter of microjoules that begins again at 0 after `range`.
struct Counter {
  fs::path file;
  uint64_t range = 0, last = 0;
  double joules = 0;
};

bool read_number(const fs::path& path, uint64_t& number) {
  std::ifstream file(path);
  return static_cast<bool>(file >> number);
}

// The packages, intel-rapl:0, and their memory, intel-rapl:0:1 of the name "dram". What else is
// below a package (core, uncore) is in it already; "psys" is the whole, with the packages in it.
bool is_counted(const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!name.starts_with("intel-rapl:") && !name.starts_with("amd-rapl:")) return false;
  std::string label;
  std::ifstream(folder / "name") >> label;
  const bool top = std::count(name.begin(), name.end(), ':') == 1;
  return top ? label.starts_with("package") : label == "dram";
}

void advance(Counter& it) {
  uint64_t now = 0;
  if (!read_number(it.file, now)) return;  // what it drew comes with the next reading
  const uint64_t moved = now >= it.last ? now - it.last : now + (it.range - it.last);
  it.joules += static_cast<double>(moved) * 1e-6;
  it.last = now;
}

double seconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

bool parse_watts(std::string_view text, double& watts) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), watts);
  return error == std::errc() && end == text.data() + text.size() && watts >= 0 && watts <= 1e6;
}

}  // namespace

Result<PowerMeter> rapl_meter(const fs::path& powercap) {
  auto counters = std::make_shared<std::vector<Counter>>();
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(powercap, ignored)) {
    Counter it{.file = entry.path() / "energy_uj"};
    if (!is_counted(entry.path()) || !read_number(it.file, it.last)) continue;
    if (read_number(entry.path() / "max_energy_range_uj", it.range)) counters->push_back(it);
  }
  if (counters->empty())
    return fail(ErrorKind::not_found,
                "{}: no energy counter can be read here. They belong to root (a virtual machine "
                "mostly has none): make energy_uj readable, or say the machine's watts, measured "
                "at the plug: --power IDLE,BUSY",
                powercap.string());
  return PowerMeter{.source = "rapl", .joules = [counters] {
                      double sum = 0;
                      for (Counter& it : *counters) {
                        advance(it);
                        sum += it.joules;
                      }
                      return sum;
                    }};
}

Result<PowerModel> PowerModel::parse(const std::string& text) {
  const size_t comma = text.find(',');
  PowerModel it;
  const std::string_view all = text;
  if (comma == std::string::npos || !parse_watts(all.substr(0, comma), it.idle_watts) ||
      !parse_watts(all.substr(comma + 1), it.busy_watts) || it.busy_watts < it.idle_watts)
    return fail(ErrorKind::invalid,
                "'{}' is not IDLE,BUSY: the machine's watts when idle and with all processors "
                "busy, e.g. 40,95",
                text);
  return it;
}

PowerMeter modelled_meter(PowerModel model, unsigned processors, PowerClocks clocks) {
  const double wall = clocks.wall(), processor = clocks.processor();
  const double per_second = (model.busy_watts - model.idle_watts) / std::max(processors, 1U);
  return {.source = "model", .joules = [=] {
            return model.idle_watts * (clocks.wall() - wall) +
                   per_second * (clocks.processor() - processor);
          }};
}

Result<PowerMeter> open_power_meter(const std::string& wanted) {
  if (wanted == "none") return PowerMeter{};
  if (wanted == "rapl") return rapl_meter();
  if (wanted.empty()) return rapl_meter().value_or(PowerMeter{});
  TRY_ASSIGN(const PowerModel model, PowerModel::parse(wanted));
  return modelled_meter(model, std::thread::hardware_concurrency(),
                        {.wall = [] { return seconds_of(CLOCK_MONOTONIC); },
                         .processor = [] { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }});
}

}  // namespace mill
