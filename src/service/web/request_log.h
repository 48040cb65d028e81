#pragma once
// The last requests, with their timelines: a ring in memory that every request that ends goes
// through, on its way to the ledger. It has no texts.

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/watched_file.h"
#include "service/http/json_body.h"
#include "service/ledger/prices.h"
#include "service/traces/span.h"
#include "service/web/viewer.h"

namespace mill::web {

using http::Json;

// What requests have brought since the server's start.
struct Earned {
  int64_t nanoeuros = 0;
  uint64_t tokens = 0;
};

struct RequestLogOptions {
  std::function<traces::Moment()> moment;
  std::shared_ptr<WatchedFile<ledger::Prices>> prices = {};  // null = nobody knows what it costs
  bool energy = false;                                       // the joules are known
  size_t kept_max = 2048;
};

struct RequestQuery {
  size_t limit = 50;
  uint64_t before = UINT64_MAX;           // number of a request; those that ended before it
  std::string tenant = {}, outcome = {};  // "" = all
};

class RequestLog {
 public:
  explicit RequestLog(RequestLogOptions options) : options_(std::move(options)) {}

  uint64_t add(const inference::Spent&);  // it has ended; its number
  void recorded(uint64_t number);         // ledger and receipt are on the disk

  Json page(const RequestQuery&, const Viewer&) const;
  std::optional<Json> find(const std::string& request, const Viewer&) const;
  std::map<std::string, Earned> earned() const;   // by model
  std::optional<int64_t> oldest_ended() const;    // seconds since 1970; nothing = it has none
  std::set<std::string> ended_by(int64_t) const;  // ids of those that it has, then or before
  bool priced() const { return options_.prices != nullptr; }

 private:
  struct Entry {
    uint64_t number = 0;
    inference::Spent spent = {};
    int64_t shift = 0;     // from the clock of its phases to nanoseconds since 1970
    int64_t recorded = 0;  // since 1970; 0 = not yet
    std::optional<int64_t> nanoeuros = {};
  };
  Json json_of(const Entry&) const;

  const RequestLogOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  std::deque<Entry> entries_;
  uint64_t last_ = 0;
  std::map<std::string, Earned> earned_;
};

// A meter whose requests are in the log, too. What it counts on may be null.
class LoggingMeter : public inference::Meter {
 public:
  LoggingMeter(std::shared_ptr<inference::Meter> inner, std::shared_ptr<RequestLog> log)
      : inner_(std::move(inner)), log_(std::move(log)) {}

  void record(inference::Spent, inference::Kept) override;

 private:
  std::shared_ptr<inference::Meter> inner_;
  std::shared_ptr<RequestLog> log_;
};

}  // namespace mill::web
