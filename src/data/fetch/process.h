#pragma once
// Runs another program and waits for it.

#include <string>
#include <vector>

#include "base/error.h"

namespace mill::fetch {

struct Finished {
  int status = 0;          // its exit status; 128 + signal where a signal ended it
  std::string complaints;  // the last 64 KiB of what it wrote to standard error
};

// argv[0] is found on the PATH; no shell is involved. What the program prints goes to our standard
// error: our standard output is for results.
Result<Finished> run_program(const std::vector<std::string>& argv);

}  // namespace mill::fetch
