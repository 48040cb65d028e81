#include "service/jobs/file_store.h"

#include "base/new_file.h"

namespace mill::jobs {
namespace fs = std::filesystem;

Result<std::unique_ptr<FileStore>> FileStore::open(const fs::path& folder, FileStoreLimits limits) {
  TRY_ASSIGN(auto records, Records::open(folder));
  std::vector<fs::path> orphans;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const bool content = entry.path().extension() == ".content";
    if (content && !records->find(entry.path().stem().string())) orphans.push_back(entry.path());
  }
  for (const fs::path& path : orphans) fs::remove(path, error);
  return std::unique_ptr<FileStore>(new FileStore(folder, std::move(records), limits));
}

Result<void> FileStore::check_room(uint64_t bytes) const {
  const auto all = records_->in_order();
  uint64_t kept = 0;
  for (const Json& each : all) kept += each["shown"]["bytes"].get<uint64_t>();
  if (all.size() >= limits_.files_max)
    return fail(ErrorKind::invalid, "There are {} files, the most that are kept; delete some",
                all.size());
  if (kept + bytes > limits_.bytes_max)
    return fail(ErrorKind::invalid,
                "The files would be {} bytes with this one, and {} are kept at most; delete some",
                kept + bytes, limits_.bytes_max);
  return {};
}

Result<Json> FileStore::record(const FileInfo& info, uint64_t bytes) {
  Json shown = {{"id", info.id},         {"object", "file"},
                {"bytes", bytes},        {"created_at", info.created},
                {"filename", info.name}, {"purpose", info.purpose},
                {"status", "processed"}};
  if (info.expires > 0) shown["expires_at"] = info.expires;
  TRY(records_->put(info.id, {{"shown", shown}, {"tenant", info.tenant}}));
  return shown;
}

Result<Json> FileStore::add(const FileInfo& info, std::string_view content) {
  TRY(check_room(content.size()));
  TRY_ASSIGN(NewFile file, NewFile::create(path_of(info.id)));
  TRY(file.reserve(content.size()));
  TRY(file.write(std::as_bytes(std::span(content))));
  TRY(file.commit());
  return record(info, content.size());
}

Result<Json> FileStore::add_link(const FileInfo& info, const fs::path& path) {
  std::error_code error;
  const fs::path place = path_of(info.id);
  if (!fs::exists(place, error)) fs::create_hard_link(path, place, error);
  if (error) return fail(ErrorKind::io, "{}: {}", place.string(), error.message());
  return record(info, fs::file_size(place, error));
}

std::optional<Json> FileStore::find(const std::string& id, const std::string& tenant) const {
  const auto found = records_->find(id);
  if (!found || found->value("tenant", "") != tenant) return std::nullopt;
  return (*found)["shown"];
}

std::vector<Json> FileStore::in_order(const std::string& tenant) const {
  std::vector<Json> theirs;
  for (const Json& record : records_->in_order()) {
    if (record.value("tenant", "") == tenant) theirs.push_back(record["shown"]);
  }
  return theirs;
}

Result<bool> FileStore::erase(const std::string& id) {
  TRY_ASSIGN(const bool there, records_->erase(id));
  std::error_code error;
  if (there) fs::remove(path_of(id), error);
  if (error) return fail(ErrorKind::io, "{}: {}", path_of(id).string(), error.message());
  return there;
}

void FileStore::forget_expired(int64_t now) {
  for (const Json& record : records_->in_order()) {
    const Json& file = record["shown"];
    if (file.contains("expires_at") && file["expires_at"].get<int64_t>() <= now)
      static_cast<void>(erase(file["id"]));  // what cannot be removed now is tried again
  }
}

}  // namespace mill::jobs
