#pragma once
// What this program needs to run elsewhere: itself, its shared libraries, and their loader.

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace mill::apps {

struct ProgramFiles {
  std::filesystem::path program;
  std::vector<std::filesystem::path> libraries;  // as the loader named them; the loader among them
};

// The loader is asked, not the file: what is loaded now is what is needed.
Result<ProgramFiles> program_files();

}  // namespace mill::apps
