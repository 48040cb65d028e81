#pragma once
// A folder that appears complete or not at all: filled beside its place under another name, then
// renamed. It takes the place of nothing but an empty folder; given up (an error, or no commit), it
// leaves nothing behind.

#include <filesystem>

#include "base/error.h"

namespace mill {

class NewFolder {
 public:
  // A place with something in it is Error{invalid}, before any work is done.
  static Result<NewFolder> create(const std::filesystem::path&);
  ~NewFolder();
  NewFolder(NewFolder&&) noexcept;
  NewFolder& operator=(NewFolder&&) = delete;

  const std::filesystem::path& path() const { return temporary_; }  // where to write its files
  Result<void> commit();  // nothing may be written after it

 private:
  NewFolder(std::filesystem::path place, std::filesystem::path temporary);
  std::filesystem::path place_, temporary_;  // temporary_ is empty once committed
};

}  // namespace mill
