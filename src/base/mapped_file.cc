#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mill {

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int error = errno;
  if (descriptor < 0) {
    const ErrorKind kind =
        error == ENOENT || error == ENOTDIR ? ErrorKind::not_found : ErrorKind::io;
    return fail(kind, "{}: cannot be opened: {}", path.string(), std::strerror(error));
  }
  const std::shared_ptr<MappedFile> file(new MappedFile(descriptor));
  if (auto mapped = file->map(); !mapped) return within(path.string(), std::move(mapped).error());
  return file;
}

Result<MappedFile::Stamp> MappedFile::stamp_of(int descriptor) {
  struct stat status = {};
  if (::fstat(descriptor, &status) != 0)
    return fail(ErrorKind::io, "cannot be opened: {}", std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::invalid, "is not a regular file");
  return Stamp{status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

Result<void> MappedFile::map() {
  TRY_ASSIGN(stamp_, stamp_of(descriptor_));
  const auto size = static_cast<size_t>(stamp_.bytes);
  if (size == 0) return {};  // mmap refuses to map nothing
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor_, 0);
  if (address == MAP_FAILED)
    return fail(ErrorKind::io, "cannot be opened: {}", std::strerror(errno));
  bytes_ = {static_cast<const std::byte*>(address), size};
  return {};
}

bool MappedFile::rewritten() const {
  const auto now = stamp_of(descriptor_);
  return !now || *now != stamp_;
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  ::close(descriptor_);
}

}  // namespace mill
