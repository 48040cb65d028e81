#pragma once
// `serve`'s part that knows who asks and what it costs: keys, ledger, prices, limits.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/error.h"
#include "service/inference/host.h"
#include "service/operations/endpoints.h"
#include "service/tenants/gate.h"

namespace mill::apps {

struct MeteringOptions {
  std::string keys, ledger, prices, limits;  // files; "" = none
};

// --keys, --ledger, --prices, --limits
void add_metering_options(CLI::App&, MeteringOptions&);

struct Metering {
  tenants::Gate gate;
  std::shared_ptr<ledger::Ledger> ledger;  // null = nothing is counted

  http::Handler gated(http::Handler) const;
  std::vector<operations::MoreMetrics> metrics() const;
};

// Reads and opens all of it; what is wrong is an Error now, and a line on standard error later.
Result<Metering> open_metering(const MeteringOptions&, std::function<int64_t()> unix_time);

}  // namespace mill::apps
