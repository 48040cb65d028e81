#pragma once
// What a ledger says, summed up by tenant and model: for invoices, and for whoever checks them.

#include <string>
#include <vector>

#include "base/error.h"

namespace mill::ledger {

struct BillQuery {
  std::string ledger;                    // a file, or postgresql://…
  int64_t since = 0, until = INT64_MAX;  // seconds since the epoch: since ≤ ended < until
  std::string tenant = {};               // "" = all
};

struct BillRow {
  std::string tenant, model;
  int64_t requests = 0, prompt = 0, cached = 0, thinking = 0, answer = 0;  // tokens
  int64_t nanoeuros = 0;
  int64_t millijoules = 0, measured = 0;  // of so many of the requests; of the others nobody knows
};

// In the order of tenants, then models. Requests that failed by our fault are not on a bill.
Result<std::vector<BillRow>> bill(const BillQuery&);

std::string bill_table(const std::vector<BillRow>&);
std::string bill_csv(const std::vector<BillRow>&);  // RFC 4180, with a header
std::string bill_json(const std::vector<BillRow>&);

}  // namespace mill::ledger
