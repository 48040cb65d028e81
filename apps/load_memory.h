#pragma once
// The memory of another process over time (Linux, Documentation/filesystems/proc).

#include <sys/types.h>

#include <cstddef>

namespace mill::apps {

size_t resident_bytes(pid_t);       // now; 0 where there is no such process
size_t peak_resident_bytes(pid_t);  // ever

// Caches fill as a load begins, so a leak shows between `warm` and `end`.
struct MemoryUse {
  size_t start = 0;  // before the load
  size_t warm = 0;   // once a fifth of it was done
  size_t end = 0;    // after it
  size_t peak = 0;
  double growth() const {  // from warm to end: 0.02 = 2 %
    return warm == 0 ? 0 : static_cast<double>(end) / static_cast<double>(warm) - 1;
  }
};

}  // namespace mill::apps
