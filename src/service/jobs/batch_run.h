#pragma once
// One batch, from wherever it stands to its end. What lies beside its record:
//
//   ID.input    a second name of the input, so that deleting the file harms no batch
//   ID.output   a line for each request that was answered with 200
//   ID.errors   a line for each other one
//
// Every request gets exactly one line, under its custom_id: after a kill those that have theirs are
// not asked again, and the others are. At the end the two logs become files.

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "service/http/exchange.h"
#include "service/inference/host.h"
#include "service/jobs/file_store.h"
#include "service/jobs/records.h"

namespace mill::jobs {

struct BatchWorld {
  std::filesystem::path folder;  // of records and logs
  std::shared_ptr<const inference::Host> host;
  http::Handler handler;  // what answers live requests, too
  FileStore* files = nullptr;
  Records* batches = nullptr;
  size_t at_once_max = 4;  // requests of batches in the engine, so that live ones find room
};

bool is_active(const Json& shown);  // has work left, cancelling included

// Returns when the batch is over, or soon after `stop` is set; then it goes on another time.
Result<void> run_batch(const BatchWorld&, const std::string& id, const std::atomic<bool>& stop);

}  // namespace mill::jobs
