#pragma once
// From starting the program to its first token, as a user waits for it.

#include <cstddef>
#include <string>

#include "base/error.h"

namespace mill::apps {

struct Start {
  double seconds = 0;
  size_t peak_memory_bytes = 0;  // of the whole run: weights, caches, and everything else
};

// Runs `tokenmill complete` on a short prompt, in a process of its own. The model's file is in the
// page cache, if it has been read before and memory allows.
Result<Start> measure_start(const std::string& model, unsigned threads);

}  // namespace mill::apps
