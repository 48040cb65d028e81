#pragma once
// Files of clients: a record and the bytes (ID.content), under ids that cannot be guessed. A file
// is there once its record is; bytes without a record are swept away on opening.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/mapped_file.h"
#include "service/jobs/records.h"

namespace mill::jobs {

struct FileStoreLimits {
  size_t files_max = 10'000;
  uint64_t bytes_max = uint64_t{16} << 30;  // of all files together
};

struct FileInfo {
  std::string id, name, purpose;
  int64_t created = 0, expires = 0;  // seconds since the epoch; expires 0 = never
  std::string tenant = {};           // whose it is; nobody else's request finds it
};

class FileStore {
 public:
  static Result<std::unique_ptr<FileStore>> open(const std::filesystem::path& folder,
                                                 FileStoreLimits = {});

  // What clients see of it: OpenAI's File object.
  Result<Json> add(const FileInfo&, std::string_view content);
  // Takes in a file of the same disk, by a second name. Doing it again changes nothing.
  Result<Json> add_link(const FileInfo&, const std::filesystem::path&);

  // As clients see it; a file of another tenant is none.
  std::optional<Json> find(const std::string& id, const std::string& tenant) const;
  std::vector<Json> in_order(const std::string& tenant) const;  // the oldest first
  std::filesystem::path path_of(const std::string& id) const { return folder_ / (id + ".content"); }
  Result<bool> erase(const std::string& id);
  void forget_expired(int64_t now);

 private:
  FileStore(std::filesystem::path folder, std::unique_ptr<Records> records, FileStoreLimits limits)
      : folder_(std::move(folder)), records_(std::move(records)), limits_(limits) {}
  Result<void> check_room(uint64_t bytes) const;
  Result<Json> record(const FileInfo&, uint64_t bytes);

  std::filesystem::path folder_;
  std::unique_ptr<Records> records_;
  FileStoreLimits limits_;
};

}  // namespace mill::jobs
