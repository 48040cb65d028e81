#pragma once
// Who has used what: a row for each request, in SQLite or PostgreSQL, on the disk before the client
// has the end of its answer. So a finished request is never lost, and one that was cut off by a
// crash is never billed.
//
//   engine's thread ──record()──▶ queue ──▶ ledger's thread: BEGIN, INSERT…, COMMIT ──▶ Kept…
//
// All that came while a commit was under way share the next one (a group commit), so neither the
// disk's pace nor the way to the database bounds anybody's throughput, and the engine never waits.
//
// A commit that fails is tried again, once a second and over a new connection where the old one has
// broken, as long as a request in it has waited for less than `busy_ms`. That is safe where it is
// not known whether the commit was made, its answer having been lost: a request's id is the table's
// key, so the same row is written once more, not another one. Whoever was told that it failed is
// not billed: should his row turn up, it is marked as failed.

#include <chrono>
#include <condition_variable>
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

// A request's row, or the sum of several.
struct Charge {
  std::string tenant;
  uint64_t tokens = 0;  // of prompt and answer together
  int64_t nanoeuros = 0;
};

struct LedgerOptions {
  std::string where;  // a file, or postgresql://…; the table is made where it is not
  std::shared_ptr<WatchedFile<Prices>> prices = {};  // null = all is free
  std::function<void(const Charge&)> charged = {};   // of each request; before it is on the disk
  std::string energy_source = {};                    // of the joules; "" = they are not known
  int busy_ms = 5'000;  // how long an answer waits for a database that is busy, or not there
};

struct LedgerStats {
  uint64_t records = 0, commits = 0, lost = 0;  // lost: could not be written in time
  bool working = true;                          // the last commit succeeded
  std::string trouble = {};                     // why the last one that failed did
};

class Ledger : public inference::Meter {
 public:
  static Result<std::shared_ptr<Ledger>> open(LedgerOptions);
  ~Ledger() override;  // writes what is queued

  // What is our fault costs nothing. If it cannot be written in time, Kept has the error, and the
  // record goes to standard error; until a later commit succeeds, working is false.
  void record(inference::Spent, inference::Kept) override;

  LedgerStats stats() const;
  // Of each tenant since then (seconds since the epoch), as of the last commit.
  Result<std::vector<Charge>> since(int64_t time) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    inference::Spent spent;
    int64_t nanoeuros = 0;
    inference::Kept kept;
    Clock::time_point late;  // when it has waited for long enough
  };
  Ledger(LedgerOptions options, std::unique_ptr<Database> database)
      : options_(std::move(options)), database_(std::move(database)) {}
  void run();
  std::vector<Entry> await_group();
  static std::vector<Entry> take_patient(std::vector<Entry>& group);
  void settle(std::vector<Entry> group, const Result<void>& kept);
  Result<void> commit(const std::vector<Entry>&);
  Result<void> try_commit(const std::vector<Entry>&);
  Result<void> connect();
  void end_lost_sessions();
  void take_back_denied();
  Row row_of(const Entry&) const;

  const LedgerOptions options_;
  std::unique_ptr<Database> database_;  // the ledger's thread alone uses it; null: to be opened
  std::vector<Row> denied_;             // likewise: ids whose commit, we said, has failed
  std::vector<Row> sessions_;           // likewise: lost connections that may yet commit them
  mutable std::mutex mutex_;            // guards what follows
  std::condition_variable wake_;
  std::vector<Entry> queue_;
  LedgerStats stats_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace mill::ledger
