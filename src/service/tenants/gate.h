#pragma once
// Who may come in: before every handler, a key is looked for and checked, and what its tenant has
// left, and what the request wishes of its turn (wishes.h) is read. Refusals have the shape of the
// API that the path belongs to.

#include <functional>
#include <memory>

#include "base/watched_file.h"
#include "service/http/exchange.h"
#include "service/tenants/keys.h"
#include "service/tenants/quotas.h"

namespace mill::tenants {

struct Gate {
  std::shared_ptr<WatchedFile<KeyRing>> keys = {};  // null = anybody, as the tenant ""
  std::shared_ptr<Quotas> quotas = {};              // null = no limits
  std::weak_ptr<const ledger::Ledger> ledger = {};  // if there is one, it has to work
  std::function<int64_t()> unix_time;
};

// 401 without a key, or with one that is unknown, revoked or expired; 403 where the key lacks the
// scope; 429 with Retry-After where the quota is used up; 503 where the ledger cannot be written.
// /health, /v1/health/…, /v1/version, /v1/license and the console's pages are everybody's; what the
// pages ask for (/v1/console/…) takes `inference`, and shows all tenants with `operations`.
http::Handler gated(Gate, http::Handler);

}  // namespace mill::tenants
