#pragma once
// Who has used what: a row for each request, in SQLite, on the disk before the client has the end
// of its answer. So a finished request is never lost, and one that was cut off by a crash is never
// billed.
//
//   engine's thread ──record()──▶ queue ──▶ ledger's thread: BEGIN, INSERT…, COMMIT ──▶ Kept…
//
// All that came while a commit was under way share the next one (a group commit), so the disk's
// pace bounds nobody's throughput, and the engine never waits. WAL and synchronous=FULL: a commit
// outlives a kill and a loss of power. docs/operating.md shows the table.

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/watched_file.h"
#include "service/inference/meter.h"
#include "service/ledger/database.h"
#include "service/ledger/prices.h"

namespace mill::ledger {

inline constexpr int kSchemaVersion = 2;  // 1 had no energy; it is brought up to date

// A request's row, or the sum of several.
struct Charge {
  std::string tenant;
  uint64_t tokens = 0;  // of prompt and answer together
  int64_t nanoeuros = 0;
};

struct LedgerOptions {
  std::filesystem::path path;                        // made where it is not
  std::shared_ptr<WatchedFile<Prices>> prices = {};  // null = all is free
  std::function<void(const Charge&)> charged = {};   // of each request; before it is on the disk
  std::string energy_source = {};                    // of the joules; "" = they are not known
  int busy_ms = 5'000;                               // for another program that writes
};

struct LedgerStats {
  uint64_t records = 0, commits = 0, lost = 0;  // lost: could not be written
  bool working = true;                          // the last commit succeeded
};

class Ledger : public inference::Meter {
 public:
  static Result<std::shared_ptr<Ledger>> open(LedgerOptions);
  ~Ledger() override;  // writes what is queued

  // What is our fault costs nothing. If it cannot be written, Kept has the error, and the record
  // goes to standard error; until a later commit succeeds, working is false.
  void record(inference::Spent, inference::Kept) override;

  LedgerStats stats() const;
  // Of each tenant since then (seconds since the epoch), as of the last commit.
  Result<std::vector<Charge>> since(int64_t time) const;

 private:
  struct Entry {
    inference::Spent spent;
    int64_t nanoeuros = 0;
    inference::Kept kept;
  };
  Ledger(LedgerOptions options, Database database)
      : options_(std::move(options)), database_(std::move(database)) {}
  void run();
  Result<void> commit(const std::vector<Entry>&);
  Result<void> insert(const std::vector<Entry>&);

  const LedgerOptions options_;
  Database database_;         // the ledger's thread alone uses it
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::vector<Entry> queue_;
  LedgerStats stats_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace mill::ledger
