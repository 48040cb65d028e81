#pragma once
// OpenAI's files and batches: what clients leave here to be worked off, kept in a folder that
// outlives the server. docs/api.md describes it.

#include <filesystem>
#include <memory>
#include <vector>

#include "service/http/router.h"
#include "service/jobs/batch_worker.h"

namespace mill::jobs {

class Jobs {
 public:
  // Makes the folder, for its user alone; one that another server has open is refused. `live`
  // answers the batches' requests.
  static Result<std::unique_ptr<Jobs>> open(const std::filesystem::path& folder,
                                            const std::shared_ptr<const inference::Host>&,
                                            http::Handler live);
  ~Jobs();
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  std::vector<http::Route> routes();  // valid as long as this is

  const inference::Host& host() const { return *host_; }
  FileStore& files() { return *files_; }
  Records& batches() { return *batches_; }
  const std::filesystem::path& batches_folder() const { return batches_folder_; }
  void wake() { worker_->wake(); }

 private:
  Jobs() = default;

  int lock_ = -1;
  std::shared_ptr<const inference::Host> host_;
  std::filesystem::path batches_folder_;
  std::unique_ptr<FileStore> files_;
  std::unique_ptr<Records> batches_;
  std::unique_ptr<BatchWorker> worker_;  // last: it uses the others
};

// The same paths without a folder: refusals that name --state.
std::vector<http::Route> routes_without_state();

}  // namespace mill::jobs
