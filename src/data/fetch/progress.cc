#include "data/fetch/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <utility>

namespace mill::fetch {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr double kRedrawSeconds = 0.1;
constexpr double kLogSeconds = 10;

}  // namespace

std::string bytes_text(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string progress_line(const std::string& label, const ProgressState& state) {
  std::string line = label + "  " + bytes_text(state.done);
  if (state.total > 0) {
    line += fmt::format(" of {}  {} %", bytes_text(state.total), state.done * 100 / state.total);
  }
  if (state.seconds <= 0 || state.fresh == 0) return line;
  const double rate = static_cast<double>(state.fresh) / state.seconds;
  line += fmt::format("  {}/s", bytes_text(static_cast<uint64_t>(rate)));
  if (state.total > state.done) {
    const double left = static_cast<double>(state.total - state.done) / rate;
    line += left < 90 ? fmt::format("  {:.0f} s left", left)
                      : fmt::format("  {:.0f} min left", left / 60);
  }
  return line;
}

Progress::Progress(std::string label)
    : label_(std::move(label)), terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::update(uint64_t done, uint64_t total) {
  const auto now = steady_clock::now();
  if (!started_) {
    started_ = true;
    first_done_ = done;
    start_ = printed_ = now;
  }
  state_ = {done, total, done - first_done_, duration<double>(now - start_).count()};
  const double pause = terminal_ ? kRedrawSeconds : kLogSeconds;
  if (duration<double>(now - printed_).count() < pause) return;
  printed_ = now;
  print(false);
}

void Progress::finish() {
  if (started_) print(true);
  started_ = false;
}

void Progress::print(bool last) {
  const std::string line = progress_line(label_, state_);
  // \033[K clears what a longer line left behind.
  const char* format = terminal_ ? (last ? "\r{}\033[K\n" : "\r{}\033[K") : "{}\n";
  fmt::print(stderr, fmt::runtime(format), line);
  std::fflush(stderr);
}

}  // namespace mill::fetch
