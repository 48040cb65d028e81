#pragma once
// What each tenant has used in the windows that are open now, what is promised to its requests
// under way, and whether it may go on. A request is promised what it may use at most, and charged
// what it has used: so no limit is passed, however many run at once (but for a price that changes
// meanwhile). What was promised in one window and is used in the next is charged to the next.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/watched_file.h"
#include "service/inference/budget.h"
#include "service/ledger/ledger.h"
#include "service/tenants/limits.h"

namespace mill::tenants {

struct QuotaOptions {
  std::shared_ptr<WatchedFile<Limits>> limits;
  std::shared_ptr<WatchedFile<ledger::Prices>> prices = {};  // null = all is free
  std::function<int64_t()> unix_time;
};

class Quotas : public inference::Budget, public std::enable_shared_from_this<Quotas> {
 public:
  static std::shared_ptr<Quotas> make(QuotaOptions options) {
    return std::shared_ptr<Quotas>(new Quotas(std::move(options)));
  }

  // What the ledger knows of the windows that are open now; before the first add().
  Result<void> load(const ledger::Ledger&);
  void add(const ledger::Charge&);
  // 429 where the tenant has used all of something; of several limits, the one that is over last.
  std::optional<http::Problem> check(const std::string& tenant);
  // 429 where less is left than it demands; that of an open demand is cut to what is left.
  http::Checked<inference::Grant> reserve(const inference::Demand&) override;

 private:
  struct Sum {
    int64_t tokens = 0, nanoeuros = 0;
  };
  struct Used {
    int64_t began = 0;  // of the window that the sums are of
    Sum sum = {};
  };
  struct Account {
    std::array<Used, kWindows> windows = {};
    Sum promised = {};
  };
  explicit Quotas(QuotaOptions options) : options_(std::move(options)) {}
  static void enter(Account&, Window, const ledger::Charge&, int64_t now);
  template <class See>
  void each_room(const std::string& tenant, int64_t now, const See&);
  void release(const std::string& tenant, Sum);

  const QuotaOptions options_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Account> accounts_;
};

}  // namespace mill::tenants
