#include "service/jobs/endpoints.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "service/jobs/batch_endpoints.h"
#include "service/jobs/file_endpoints.h"

namespace mill::jobs {
namespace fs = std::filesystem;
namespace {

// What clients send is nobody else's to read.
Result<void> make_private(const fs::path& folder) {
  std::error_code error;
  const bool made = fs::create_directories(folder, error);
  if (!error && made) fs::permissions(folder, fs::perms::owner_all, error);
  if (error)
    return fail(ErrorKind::io, "--state {}: cannot be made: {}", folder.string(), error.message());
  return {};
}

Result<int> lock_of(const fs::path& folder) {
  const fs::path path = folder / ".lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return fail(ErrorKind::io, "--state {}: {}", path.string(), std::strerror(errno));
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  ::close(file);
  return fail(ErrorKind::exhausted,
              "--state {} is another server's, which is running; give each its own folder",
              folder.string());
}

}  // namespace

Result<std::unique_ptr<Jobs>> Jobs::open(const fs::path& folder,
                                         const std::shared_ptr<const inference::Host>& host,
                                         http::Handler live) {
  TRY(make_private(folder));
  std::unique_ptr<Jobs> jobs(new Jobs());
  TRY_ASSIGN(jobs->lock_, lock_of(folder));
  jobs->host_ = host;
  jobs->batches_folder_ = folder / "batches";
  TRY_ASSIGN(jobs->files_, FileStore::open(folder / "files"));
  TRY_ASSIGN(jobs->batches_, Records::open(jobs->batches_folder_));
  jobs->worker_ = std::make_unique<BatchWorker>(BatchWorld{.folder = jobs->batches_folder_,
                                                           .host = host,
                                                           .handler = std::move(live),
                                                           .files = jobs->files_.get(),
                                                           .batches = jobs->batches_.get()});
  return jobs;
}

Jobs::~Jobs() {
  worker_.reset();
  if (lock_ >= 0) ::close(lock_);
}

std::vector<http::Route> Jobs::routes() {
  std::vector<http::Route> all = file_routes(*this);
  for (auto& more : batch_routes(*this)) all.push_back(std::move(more));
  return all;
}

std::vector<http::Route> routes_without_state() {
  const http::Handler refuse = [](const http::Request&,
                                  const std::shared_ptr<http::Exchange>& exchange) {
    exchange->respond(http::problem_response(
        {400,
         "This server keeps no files and no batches: start it with --state FOLDER, where they "
         "outlive it",
         "", "no_state_folder"}));
  };
  std::vector<http::Route> all;
  for (const char* path : {"/v1/files", "/v1/files/*", "/v1/batches", "/v1/batches/*"}) {
    for (const char* method : {"GET", "POST", "DELETE"}) all.push_back({method, path, refuse});
  }
  return all;
}

}  // namespace mill::jobs
