#pragma once
// Tells a person how a long transfer goes: one line that redraws itself on a terminal, a plain line
// every ten seconds elsewhere (a log, a pipe). Always on standard error.

#include <chrono>
#include <cstdint>
#include <string>

namespace mill::fetch {

// total 0 = unknown. `fresh` bytes of `done` came in the last `seconds`; the rest was there before.
struct ProgressState {
  uint64_t done = 0, total = 0, fresh = 0;
  double seconds = 0;
};

// "model.gguf  41.2 of 98.4 MB  42 %  12.3 MB/s  5 s left"
std::string progress_line(const std::string& label, const ProgressState&);

std::string bytes_text(uint64_t bytes);  // "98.4 MB": powers of ten, as download pages count

class Progress {
 public:
  explicit Progress(std::string label);
  void update(uint64_t done, uint64_t total);  // cheap: prints only when it is time to
  void finish();                               // the last state, and a line end

 private:
  void print(bool last);

  std::string label_;
  bool terminal_;
  bool started_ = false;
  uint64_t first_done_ = 0;
  ProgressState state_;
  std::chrono::steady_clock::time_point start_, printed_;
};

}  // namespace mill::fetch
