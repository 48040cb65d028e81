#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mill {
namespace {

std::unexpected<Error> refused(const std::filesystem::path& path, int error) {
  const ErrorKind kind = error == ENOENT || error == ENOTDIR ? ErrorKind::not_found : ErrorKind::io;
  return fail(kind, "{}: cannot be opened: {}", path.string(), std::strerror(error));
}

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) return refused(path, errno);
  struct stat status = {};
  if (::fstat(file.fd, &status) != 0) return refused(path, errno);
  if (!S_ISREG(status.st_mode))
    return fail(ErrorKind::invalid, "{}: is not a regular file", path.string());
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0)  // mmap refuses to map nothing
    return std::shared_ptr<const MappedFile>(new MappedFile({}));
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.fd, 0);
  if (address == MAP_FAILED) return refused(path, errno);
  return std::shared_ptr<const MappedFile>(
      new MappedFile({static_cast<const std::byte*>(address), size}));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace mill
