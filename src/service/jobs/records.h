#pragma once
// Small JSON objects by id, in memory and in a folder (ID.json), where each appears whole or not
// at all. They are loaded on opening, so an id of a client's is looked up and never a path.
//
//   {"order": 7, "shown": {what clients see}, …}

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "service/http/json_body.h"

namespace mill::jobs {

using http::Json;

enum class Keep : uint8_t { on_disk, in_memory };

class Records {
 public:
  // Makes the folder. A record that cannot be read is an Error that names its file.
  static Result<std::unique_ptr<Records>> open(const std::filesystem::path& folder);

  Result<void> put(const std::string& id, Json record);  // a new one is the latest in order
  std::optional<Json> find(const std::string& id) const;
  std::vector<Json> in_order() const;  // the oldest first
  size_t size() const;
  Result<bool> erase(const std::string& id);  // false: there was none
  // Changes a record where it lies, and says what has become of it; nothing where there is none.
  Result<std::optional<Json>> change(const std::string& id, Keep,
                                     const std::function<void(Json&)>&);

 private:
  explicit Records(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path path_of(const std::string& id) const { return folder_ / (id + ".json"); }
  Result<void> load(const std::filesystem::path&);
  Result<void> write(const std::string& id, const Json&) const;

  std::filesystem::path folder_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, Json> records_;
  uint64_t next_ = 0;
};

}  // namespace mill::jobs
