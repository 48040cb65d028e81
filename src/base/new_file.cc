#include "base/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace mill {
namespace {

// The rename itself is on the disk only once the folder is.
void sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::fsync(fd);
  ::close(fd);
}

}  // namespace

NewFile::NewFile(std::filesystem::path path, std::filesystem::path temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)),
      written_(other.written_) {}

Result<NewFile> NewFile::create(const std::filesystem::path& path) {
  std::filesystem::path temporary = path;
  temporary += ".partial-" + std::to_string(::getpid());
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) {
    return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::io, "{}: cannot be created: {}",
                path.string(), std::strerror(errno));
  }
  return NewFile(path, std::move(temporary), fd);
}

NewFile::~NewFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(temporary_.c_str());
}

std::unexpected<Error> NewFile::failed(const char* action, int error) const {
  const char* remedy = error == ENOSPC || error == EDQUOT ? "; free some space and try again" : "";
  return fail(ErrorKind::io, "{}: cannot {} after {} bytes: {}{}", path_.string(), action, written_,
              std::strerror(error), remedy);
}

Result<void> NewFile::reserve(uint64_t bytes) {
  if (bytes == 0 || ::fallocate(fd_, 0, 0, static_cast<off_t>(bytes)) == 0) return {};
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
    return fail(ErrorKind::io, "{}: no room for {} bytes: {}; free some space and try again",
                path_.string(), bytes, std::strerror(errno));
  }
  return {};  // a file system that cannot promise
}

Result<void> NewFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return failed("be written", errno);
    written_ += static_cast<uint64_t>(done);
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
  return {};
}

Result<void> NewFile::commit() {
  if (::ftruncate(fd_, static_cast<off_t>(written_)) != 0)  // room reserved in excess
    return failed("be cut to its size", errno);
  if (::fsync(fd_) != 0) return failed("be forced to the disk", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failed("be renamed", errno);
  ::close(std::exchange(fd_, -1));
  sync_folder(path_.parent_path());
  return {};
}

}  // namespace mill
