#include "service/ledger/bill.h"

#include <fmt/core.h>

#include <memory>

#include "apps/command.h"
#include "base/utc.h"

namespace mill::apps {
namespace {

struct BillOptions {
  ledger::BillQuery query;
  std::string since, until, format = "table";
};

Result<void> print_bill(const BillOptions& options) {
  ledger::BillQuery query = options.query;
  if (!options.since.empty()) {
    TRY_ASSIGN(query.since, utc_of(options.since));
  }
  if (!options.until.empty()) {
    TRY_ASSIGN(query.until, utc_of(options.until));
  }
  TRY_ASSIGN(const auto rows, ledger::bill(query));
  if (options.format == "csv") {
    fmt::print("{}", ledger::bill_csv(rows));
  } else {
    fmt::print("{}", options.format == "json" ? ledger::bill_json(rows) : ledger::bill_table(rows));
  }
  return {};
}

}  // namespace

Run add_bill(CLI::App& command) {
  auto options = std::make_shared<BillOptions>();
  command
      .add_option("--ledger", options->query.ledger,
                  "The servers' ledger: a file, or postgresql://USER@HOST:PORT/DATABASE")
      ->required();
  command.add_option("--since", options->since, "2026-11-01, or 2026-11-01T12:30:00Z [ever]");
  command.add_option("--until", options->until, "The same; what ended before it [now]");
  command.add_option("--tenant", options->query.tenant, "This one alone [all]");
  command.add_option("--format", options->format, "table, csv or json [table]")
      ->check(CLI::IsMember({"table", "csv", "json"}));
  return [options] { return print_bill(*options); };
}

}  // namespace mill::apps
