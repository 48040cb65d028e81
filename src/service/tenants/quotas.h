#pragma once
// What each tenant has used in the windows that are open now, and whether it may go on. A request
// is taken as long as something is left: its own tokens are not known before it ends, so those
// that run at once may pass the limit by what they use.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/watched_file.h"
#include "service/ledger/ledger.h"
#include "service/tenants/limits.h"

namespace mill::tenants {

struct Excess {
  std::string message;      // "acme has used 2000150 of its 2000000 tokens a day; …"
  int64_t retry_after = 0;  // seconds to the end of the window
  bool passing = false;     // of a window that is over soon: a minute
};

class Quotas {
 public:
  explicit Quotas(std::shared_ptr<WatchedFile<Limits>> limits) : limits_(std::move(limits)) {}

  // What the ledger knows of the windows that are open now; before the first add().
  Result<void> load(const ledger::Ledger&, int64_t now);
  void add(const ledger::Charge&, int64_t now);
  // Why the tenant has to wait, if it has to; of several limits, the one that is over last.
  std::optional<Excess> check(const std::string& tenant, int64_t now);

 private:
  struct Used {
    int64_t began = 0;  // of the window that the sums are of
    int64_t tokens = 0, nanoeuros = 0;
  };
  using Windows = std::array<Used, kWindows>;
  static void enter(Windows&, Window, const ledger::Charge&, int64_t now);

  const std::shared_ptr<WatchedFile<Limits>> limits_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Windows> used_;
};

}  // namespace mill::tenants
