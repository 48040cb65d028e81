#include "apps/store_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace mill::apps {
namespace fs = std::filesystem;
namespace {

constexpr const char* kScratchPrefix = ".pull-";

}  // namespace

Result<std::unique_ptr<StoreLock>> StoreLock::take(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(ErrorKind::io, "the models folder {} cannot be made: {}", folder.string(),
                error.message());
  const fs::path path = folder / ".lock";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return fail(ErrorKind::io, "{}: {}", path.string(), std::strerror(errno));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    fmt::print(stderr, "another `tokenmill pull` is at work; waiting for it\n");
    while (flock(file, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  std::unique_ptr<StoreLock> lock(new StoreLock(folder, file));
  lock->sweep();
  return lock;
}

StoreLock::StoreLock(fs::path folder, int file) : folder_(std::move(folder)), file_(file) {}

StoreLock::~StoreLock() {
  sweep();
  close(file_);
}

void StoreLock::sweep() const {
  std::error_code error;
  std::vector<fs::path> stale;
  for (const auto& entry : fs::directory_iterator(folder_, error))
    if (entry.path().filename().string().starts_with(kScratchPrefix)) stale.push_back(entry);
  for (const fs::path& path : stale) fs::remove_all(path, error);
}

Result<fs::path> StoreLock::scratch() {
  std::string name = (folder_ / (std::string(kScratchPrefix) + "XXXXXX")).string();
  if (mkdtemp(name.data()) == nullptr)
    return fail(ErrorKind::io, "{}: {}", name, std::strerror(errno));
  return fs::path(name);
}

}  // namespace mill::apps
