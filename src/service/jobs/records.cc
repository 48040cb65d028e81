#include "service/jobs/records.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/new_file.h"
#include "service/http/problem.h"

namespace mill::jobs {
namespace fs = std::filesystem;

Result<std::unique_ptr<Records>> Records::open(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(ErrorKind::io, "{} cannot be made: {}", folder.string(), error.message());
  std::unique_ptr<Records> records(new Records(folder));
  std::vector<fs::path> unfinished;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") TRY(records->load(entry.path()));
    // What was being written when the last server was killed.
    if (entry.path().filename().string().contains(".partial-")) unfinished.push_back(entry.path());
  }
  for (const fs::path& path : unfinished) fs::remove(path, error);
  return records;
}

Result<void> Records::load(const fs::path& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto record = http::parse_json_object(text);
  if (!record || !record->value("shown", Json()).is_object() ||
      !record->value("order", Json()).is_number_unsigned())
    return fail(ErrorKind::invalid,
                "{} is not a record of this program's; move it out of the state folder",
                path.string());
  next_ = std::max(next_, (*record)["order"].get<uint64_t>() + 1);
  records_[path.stem().string()] = *record;
  return {};
}

Result<void> Records::write(const std::string& id, const Json& record) const {
  const std::string text = http::json_text(record) + "\n";
  TRY_ASSIGN(NewFile file, NewFile::create(path_of(id)));
  TRY(file.write(std::as_bytes(std::span(text))));
  return file.commit();
}

Result<void> Records::put(const std::string& id, Json record) {
  const std::lock_guard lock(mutex_);
  const auto old = records_.find(id);
  record["order"] = old == records_.end() ? next_++ : old->second["order"].get<uint64_t>();
  TRY(write(id, record));
  records_[id] = std::move(record);
  return {};
}

std::optional<Json> Records::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto at = records_.find(id);
  if (at == records_.end()) return std::nullopt;
  return at->second;
}

std::vector<Json> Records::in_order() const {
  std::vector<Json> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, record] : records_) all.push_back(record);
  }
  std::sort(all.begin(), all.end(),
            [](const Json& a, const Json& b) { return a["order"] < b["order"]; });
  return all;
}

size_t Records::size() const {
  const std::lock_guard lock(mutex_);
  return records_.size();
}

Result<bool> Records::erase(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (!records_.contains(id)) return false;
  std::error_code error;
  fs::remove(path_of(id), error);
  if (error) return fail(ErrorKind::io, "{}: {}", path_of(id).string(), error.message());
  records_.erase(id);
  return true;
}

Result<std::optional<Json>> Records::change(const std::string& id, Keep keep,
                                            const std::function<void(Json&)>& how) {
  const std::lock_guard lock(mutex_);
  const auto at = records_.find(id);
  if (at == records_.end()) return std::nullopt;
  Json changed = at->second;
  how(changed);
  if (keep == Keep::on_disk) TRY(write(id, changed));
  at->second = changed;
  return std::optional<Json>(std::move(changed));
}

}  // namespace mill::jobs
