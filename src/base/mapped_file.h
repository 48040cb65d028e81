#pragma once
// A file's bytes in memory, read-only, brought in by the kernel page by page as they are touched.
// The mapping lives as long as the object. A file that is cut short by somebody else while mapped
// raises SIGBUS on the next touch: replace model files by renaming, never in place.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "base/error.h"

namespace mill {

class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path&);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

}  // namespace mill
