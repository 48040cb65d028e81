#include "service/jobs/batch_worker.h"

#include <utility>
#include <vector>

namespace mill::jobs {
namespace fs = std::filesystem;
namespace {

void sweep(const BatchWorld& world) {
  std::error_code error;
  std::vector<fs::path> stale;
  for (const auto& entry : fs::directory_iterator(world.folder, error)) {
    if (entry.path().extension() == ".json") continue;
    const auto record = world.batches->find(entry.path().stem().string());
    if (!record || !is_active((*record)["shown"])) stale.push_back(entry.path());
  }
  for (const fs::path& path : stale) fs::remove(path, error);
}

// The disk's fault, mostly. If not even that can be written down, the next server tries again.
void give_up(const BatchWorld& world, const std::string& id, const Error& error) {
  const auto mark = [&](Json& record) {
    Json& batch = record["shown"];
    batch["status"] = "failed";
    batch["failed_at"] = world.host->unix_time();
    batch["errors"] = {{"object", "list"},
                       {"data", Json::array({{{"code", "server_error"},
                                              {"message", error.message},
                                              {"param", nullptr},
                                              {"line", nullptr}}})}};
  };
  if (!world.batches->change(id, Keep::on_disk, mark))
    static_cast<void>(world.batches->change(id, Keep::in_memory, mark));
}

}  // namespace

BatchWorker::BatchWorker(BatchWorld world) : world_(std::move(world)) {
  sweep(world_);
  thread_ = std::thread([this] { work(); });
}

BatchWorker::~BatchWorker() {
  stop_ = true;
  wake();
  thread_.join();
}

void BatchWorker::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_one();
}

std::string BatchWorker::next() {
  for (const Json& record : world_.batches->in_order()) {
    if (is_active(record["shown"])) return record["shown"]["id"];
  }
  return "";
}

void BatchWorker::work() {
  while (!stop_) {
    if (const std::string id = next(); !id.empty()) {
      if (const auto done = run_batch(world_, id, stop_); !done) give_up(world_, id, done.error());
      continue;
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return woken_; });
    woken_ = false;
  }
}

}  // namespace mill::jobs
