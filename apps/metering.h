#pragma once
// `serve`'s part that knows who asks and what it costs: keys, ledger, prices, limits.

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/error.h"
#include "service/inference/host.h"
#include "service/operations/endpoints.h"
#include "service/tenants/gate.h"
#include "service/traces/exporter.h"
#include "service/web/tenant_page.h"

namespace mill::apps {

struct MeteringOptions {
  std::string keys, prices, limits;  // files; "" = none
  std::string ledger;                // a file, or postgresql://…; "" = none
  std::string energy_source;         // of the joules; "" = they are not known
  std::string otlp;                  // a collector's URL; "" = nothing is traced
};

// --keys, --ledger, --prices, --limits, --otlp
void add_metering_options(CLI::App&, MeteringOptions&);

struct Metering {
  tenants::Gate gate;
  std::shared_ptr<ledger::Ledger> ledger;      // null = nothing is counted
  std::shared_ptr<traces::Exporter> exporter;  // null = nothing is traced
  web::Books books;                            // all of it, to be looked at; keeps no ledger alive

  http::Handler gated(http::Handler) const;
  std::shared_ptr<inference::Meter> meter(const inference::Host&) const;
  std::vector<operations::MoreMetrics> metrics() const;
};

// Reads and opens all of it; what is wrong is an Error now, and a line on standard error later.
Result<Metering> open_metering(const MeteringOptions&, std::function<int64_t()> unix_time);

}  // namespace mill::apps
