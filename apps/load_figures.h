#pragma once
// What clients saw of a server under load.

#include <cstdint>
#include <string>
#include <vector>

#include "apps/load_histogram.h"
#include "apps/load_memory.h"

namespace mill::apps {

struct LoadFigures {
  uint64_t started = 0, finished = 0, vanished = 0, failed = 0;  // requests
  // Tokens of those that finished, as the server counted them; of the vanished, only pieces of
  // text are known, a token or more each.
  uint64_t prompt_tokens = 0, cached_tokens = 0, answer_tokens = 0, vanished_pieces = 0;
  double seconds = 0;          // from the start to the end of the last request
  Histogram first;             // to the first piece, from when the request was due
  Histogram gap;               // between two pieces of a stream
  Histogram whole;             // to the end, from when the request was due
  double late_s = 0;           // the longest that the generator itself was behind its schedule
  double cpu_s = 0;            // of the generator
  uint64_t idle_reopened = 0;  // idle connections that the server closed
  MemoryUse memory;            // of the server
  std::vector<std::string> complaints;  // the first few

  double out_per_s() const {
    return seconds > 0 ? static_cast<double>(answer_tokens + vanished_pieces) / seconds : 0;
  }
  double in_per_s() const { return seconds > 0 ? static_cast<double>(prompt_tokens) / seconds : 0; }
  void complain(std::string what) {
    if (complaints.size() < 5) complaints.push_back(std::move(what));
  }
};

}  // namespace mill::apps
