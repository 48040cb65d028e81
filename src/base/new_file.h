#pragma once
// A file that appears complete or not at all: written beside its place under another name, forced
// to the disk, then renamed over whatever was there. Given up (an error, or no commit), it leaves
// nothing behind.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

#include "base/error.h"

namespace mill {

class NewFile {
 public:
  static Result<NewFile> create(const std::filesystem::path&);
  ~NewFile();
  NewFile(NewFile&&) noexcept;
  NewFile& operator=(NewFile&&) = delete;

  // Asks the file system for the room now, so that a full disk is an error before the work.
  Result<void> reserve(uint64_t bytes);
  Result<void> write(std::span<const std::byte>);
  Result<void> commit();  // nothing may be written after it

 private:
  NewFile(std::filesystem::path path, std::filesystem::path temporary, int fd);
  std::unexpected<Error> failed(const char* action, int error) const;
  std::filesystem::path path_, temporary_;
  int fd_ = -1;
  uint64_t written_ = 0;
};

}  // namespace mill
