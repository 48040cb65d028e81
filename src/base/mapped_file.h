#pragma once
// A file's bytes in memory, read-only, brought in by the kernel page by page as they are touched.
// The mapping lives as long as the object. A file that is cut short by somebody else while mapped
// raises SIGBUS on the next touch: replace model files by renaming, never in place.

#include <cstddef>
#include <cstdint>
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

  // Has it been written to since it was opened? One that was replaced or removed has not: its bytes
  // stay here.
  bool rewritten() const;

 private:
  struct Stamp {
    int64_t bytes = 0, seconds = 0, nanoseconds = 0;  // of its last change
    bool operator==(const Stamp&) const = default;
  };
  explicit MappedFile(int descriptor) : descriptor_(descriptor) {}
  static Result<Stamp> stamp_of(int descriptor);
  Result<void> map();

  int descriptor_;
  Stamp stamp_;
  std::span<const std::byte> bytes_;
};

}  // namespace mill
