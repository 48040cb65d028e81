#pragma once
// One pull at a time works in the models folder; a second one waits for it.

#include <filesystem>
#include <memory>

#include "base/error.h"

namespace mill::apps {

class StoreLock {
 public:
  // Creates the folder. Sweeps away the scratch folders that a killed pull left behind.
  static Result<std::unique_ptr<StoreLock>> take(const std::filesystem::path& folder);
  ~StoreLock();  // gives the lock back and removes the scratch folder
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

  // A new empty folder beside the models, so that a finished file is renamed, never copied.
  Result<std::filesystem::path> scratch();

 private:
  StoreLock(std::filesystem::path folder, int file);
  void sweep() const;

  std::filesystem::path folder_;
  int file_;
};

}  // namespace mill::apps
