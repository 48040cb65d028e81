#pragma once
// The server's receipts: signed, chained, and on the disk before their clients have the ends of
// their answers.
//
//   engine's thread ──attest()──▶ queue ──▶ log's thread: sign each, write all, fdatasync ──▶ Kept…
//
// Whatever comes while the disk is waited for shares the next wait. The engine never waits.

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "service/receipts/chain.h"

namespace mill::receipts {

struct LogOptions {
  std::filesystem::path path;
  package::SecretKey key;
  std::map<std::string, service::ModelInfo> models;  // that are served from the start, by id
};

struct LogStats {
  uint64_t receipts = 0, lost = 0;  // since it was opened
};

class Log : public inference::Notary {
 public:
  // Makes the file if it is not there. Cuts off what a kill has left behind the last whole line;
  // refuses a file whose lines do not follow each other, or that another server writes.
  static Result<std::shared_ptr<Log>> open(LogOptions);
  ~Log() override;  // all that was attested is kept first

  void attest(inference::Testimony, inference::Kept) override;
  // One more is served. An id of one that was served before is this one's from now on.
  void serve(service::ModelInfo);

  // The line of the request's receipt, for the tenant whose it is; none for anybody else.
  Result<std::optional<std::string>> find(const std::string& request,
                                          const std::string& tenant) const;
  LogStats stats() const;

 private:
  struct Entry {
    inference::Testimony told;
    inference::Kept kept;
  };
  struct Place {
    uint64_t offset = 0, bytes = 0;
  };
  using Places = std::unordered_map<std::string, Place>;  // by request

  Log(LogOptions options, int file)
      : options_(std::move(options)), file_(file), models_(options_.models) {}
  Result<void> read();
  void run();
  Result<void> keep(const std::vector<Entry>&);
  Result<service::ModelInfo> model_of(const Entry&) const;
  Result<std::string> lines_of(const std::vector<Entry>&, Link&, Places&) const;
  Result<void> write(const std::string& lines);
  std::unexpected<Error> failed(const char* action) const;

  const LogOptions options_;
  const int file_;
  uint64_t bytes_ = 0;  // the log's thread alone uses it and the link
  Link link_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::map<std::string, service::ModelInfo> models_;
  std::vector<Entry> queue_;
  Places places_;
  LogStats stats_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace mill::receipts
