#pragma once
// Lines of JSON, appended as they come and each forced no further than to the kernel: a killed
// process loses none, and the line that it was writing is cut off when the log is opened again.

#include <filesystem>
#include <functional>
#include <string_view>

#include "base/error.h"
#include "service/http/json_body.h"

namespace mill::jobs {

class LineLog {
 public:
  // Tells the lines that are there. From one that is no JSON object on, they are cut off.
  static Result<LineLog> open(const std::filesystem::path&,
                              const std::function<void(const http::Json&)>& each);
  ~LineLog();
  LineLog(LineLog&&) noexcept;
  LineLog& operator=(LineLog&&) = delete;

  Result<void> append(const http::Json&);  // the whole line, or nothing of it
  Result<void> sync();                     // to the disk
  bool empty() const { return bytes_ == 0; }
  const std::filesystem::path& path() const { return path_; }

 private:
  LineLog(std::filesystem::path path, int fd, uint64_t bytes)
      : path_(std::move(path)), fd_(fd), bytes_(bytes) {}

  std::filesystem::path path_;
  int fd_;
  uint64_t bytes_;
};

}  // namespace mill::jobs
