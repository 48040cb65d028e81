#include "service/jobs/line_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "service/http/problem.h"

namespace mill::jobs {
namespace {

std::unexpected<Error> failed(const std::filesystem::path& path) {
  return fail(ErrorKind::io, "{}: {}", path.string(), std::strerror(errno));
}

// The bytes of all whole lines, up to the first that a power cut has left as something else.
uint64_t read_lines(const std::filesystem::path& path,
                    const std::function<void(const http::Json&)>& each) {
  std::ifstream file(path, std::ios::binary);
  uint64_t bytes = 0;
  std::string line;
  while (std::getline(file, line) && !file.eof()) {
    const auto value = http::parse_json_object(line);
    if (!value) break;
    each(*value);
    bytes += line.size() + 1;
  }
  return bytes;
}

}  // namespace

Result<LineLog> LineLog::open(const std::filesystem::path& path,
                              const std::function<void(const http::Json&)>& each) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return failed(path);
  LineLog log(path, fd, read_lines(path, each));
  if (::ftruncate(fd, static_cast<off_t>(log.bytes_)) != 0) return failed(path);
  return log;
}

LineLog::LineLog(LineLog&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), bytes_(other.bytes_) {}

LineLog::~LineLog() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> LineLog::append(const http::Json& value) {
  const std::string line = http::json_text(value) + "\n";
  size_t written = 0;
  while (written < line.size()) {
    const ssize_t done = ::write(fd_, line.data() + written, line.size() - written);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      const auto error = failed(path_);
      static_cast<void>(::ftruncate(fd_, static_cast<off_t>(bytes_)));
      return error;
    }
    written += static_cast<size_t>(done);
  }
  bytes_ += line.size();
  return {};
}

Result<void> LineLog::sync() {
  if (::fsync(fd_) != 0) return failed(path_);
  return {};
}

}  // namespace mill::jobs
