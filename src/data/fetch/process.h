#pragma once
// Runs another program and waits for it.

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace mill::fetch {

// argv[0] is found on the PATH; no shell is involved. What the program prints goes to our standard
// error (our standard output is for results), what it complains of to the file `complaints`.
// The value is its exit status (128 + signal where a signal ended it).
Result<int> run_program(const std::vector<std::string>& argv,
                        const std::filesystem::path& complaints);

}  // namespace mill::fetch
