#pragma once
// A small file that is read again whenever it has changed, so that what it says can be changed
// while a server runs. Replace such a file by a rename; one that is written in place may be read
// half.

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>

#include "base/error.h"

namespace mill {

template <class T>
class WatchedFile {
 public:
  using Parse = std::function<Result<T>(const std::string& text)>;

  // What it says now must be right.
  static Result<std::shared_ptr<WatchedFile>> open(std::filesystem::path path, Parse parse) {
    auto file = std::make_shared<WatchedFile>(std::move(path), std::move(parse));
    file->seen_ = file->stamp();
    TRY_ASSIGN(file->value_, file->read());
    return file;
  }

  WatchedFile(std::filesystem::path path, Parse parse)
      : path_(std::move(path)), parse_(std::move(parse)) {}

  // What it says; what it said last, where it has become wrong or has gone (told once, on standard
  // error). Costs a stat(). Any thread.
  std::shared_ptr<const T> get() {
    const std::lock_guard lock(mutex_);
    const Stamp now = stamp();
    if (now == seen_) return value_;
    seen_ = now;
    if (auto fresh = read())
      value_ = std::move(*fresh);
    else
      std::fprintf(stderr, "%s; what it said before still holds\n", fresh.error().message.c_str());
    return value_;
  }

 private:
  struct Stamp {
    uint64_t inode = 0;
    int64_t seconds = 0, nanoseconds = 0, bytes = 0;
    bool operator==(const Stamp&) const = default;
  };

  Stamp stamp() const {
    struct stat it{};
    if (::stat(path_.c_str(), &it) != 0) return {};
    return {it.st_ino, it.st_mtim.tv_sec, it.st_mtim.tv_nsec, it.st_size};
  }

  Result<std::shared_ptr<const T>> read() const {
    std::ifstream file(path_);
    std::stringstream text;
    text << file.rdbuf();
    if (!file) return fail(ErrorKind::io, "{}: {}", path_.string(), std::strerror(errno));
    auto parsed = parse_(text.str());
    if (!parsed) return within(path_.string(), std::move(parsed).error());
    return std::make_shared<const T>(std::move(*parsed));
  }

  const std::filesystem::path path_;
  const Parse parse_;
  std::mutex mutex_;  // guards what follows
  Stamp seen_;
  std::shared_ptr<const T> value_;
};

}  // namespace mill
