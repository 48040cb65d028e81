#pragma once
// Tenants as /v1/console/tenants tells them: what each has used, may use and has to pay.

#include <functional>
#include <memory>

#include "base/watched_file.h"
#include "service/http/json_body.h"
#include "service/ledger/bill.h"
#include "service/ledger/entries.h"
#include "service/ledger/ledger.h"
#include "service/tenants/keys.h"
#include "service/tenants/limits.h"
#include "service/web/viewer.h"

namespace mill::web {

// What an operator has given the server; null = not.
struct Books {
  std::shared_ptr<WatchedFile<tenants::KeyRing>> keys = {};
  std::shared_ptr<WatchedFile<tenants::Limits>> limits = {};
  std::shared_ptr<WatchedFile<ledger::Prices>> prices = {};
  // What the ledger says; null where there is none.
  std::function<Result<std::vector<ledger::Charge>>(int64_t since)> charges = {};
  // Of their queries, in which they fill in where it is.
  std::function<Result<std::vector<ledger::BillRow>>(ledger::BillQuery)> bill = {};
  std::function<Result<std::vector<ledger::Entry>>(ledger::EntryQuery)> entries = {};
};

struct Period {
  int64_t since = 0, until = INT64_MAX;  // seconds since 1970
};

Result<http::Json> tenants_json(const Books&, const Viewer&, Period, int64_t now);

}  // namespace mill::web
