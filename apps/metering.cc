#include "apps/metering.h"

#include <chrono>
#include <utility>

namespace mill::apps {
namespace {

template <class T>
Result<std::shared_ptr<WatchedFile<T>>> watched(const std::string& path) {
  if (path.empty()) return nullptr;
  return WatchedFile<T>::open(path, [](const std::string& text) { return T::parse(text); });
}

Result<void> check(const MeteringOptions& options) {
  if (!options.ledger.empty()) return {};
  for (const auto& [name, value] :
       {std::pair{"--prices", options.prices}, std::pair{"--limits", options.limits}}) {
    if (!value.empty())
      return fail(ErrorKind::invalid, "{} needs --ledger FILE, which counts what is used", name);
  }
  return {};
}

void write_ledger_metrics(const ledger::Ledger& ledger, operations::Exposition& out) {
  const ledger::LedgerStats stats = ledger.stats();
  out.family("tokenmill_ledger_records_total", "counter", "Requests entered in the ledger.");
  out.sample({}, static_cast<double>(stats.records));
  out.family("tokenmill_ledger_commits_total", "counter", "Commits of the ledger.");
  out.sample({}, static_cast<double>(stats.commits));
  out.family("tokenmill_ledger_lost_total", "counter",
             "Requests that could not be entered; their records are on standard error.");
  out.sample({}, static_cast<double>(stats.lost));
}

void write_trace_metrics(const traces::ExporterStats& stats, operations::Exposition& out) {
  out.family("tokenmill_spans_sent_total", "counter", "Spans that the collector has taken.");
  out.sample({}, static_cast<double>(stats.sent));
  out.family("tokenmill_spans_dropped_total", "counter",
             "Spans that the collector did not take, or not in time.");
  out.sample({}, static_cast<double>(stats.dropped));
}

web::Books books_of(const std::shared_ptr<ledger::Ledger>& ledger, const std::string& path) {
  return {.charges = [weak = std::weak_ptr<const ledger::Ledger>(ledger)](
                         int64_t since) -> Result<std::vector<ledger::Charge>> {
            if (const auto alive = weak.lock()) return alive->since(since);
            return fail(ErrorKind::exhausted, "The server is stopping");
          },
          .bill =
              [path](ledger::BillQuery query) {
                query.ledger = path;
                return ledger::bill(query);
              },
          .entries =
              [path](ledger::EntryQuery query) {
                query.ledger = path;
                return ledger::entries(query);
              }};
}

}  // namespace

void add_metering_options(CLI::App& command, MeteringOptions& options) {
  command.add_option("--keys", options.keys,
                     "File of API keys (`tokenmill keys`); read again when it changes [no keys]");
  command.add_option("--ledger", options.ledger,
                     "Where it is kept what each request used: an SQLite file, or "
                     "postgresql://USER@HOST:PORT/DATABASE, which servers may share [nowhere]");
  command.add_option("--prices", options.prices,
                     "JSON file of prices for a million tokens [all is free]");
  command.add_option("--otlp", options.otlp,
                     "Send a trace of each request to this OpenTelemetry collector, OTLP over "
                     "HTTP, e.g. http://127.0.0.1:4318/v1/traces [none]");
  command.add_option("--limits", options.limits,
                     "JSON file of tokens and euros that tenants may use [no limits]");
}

http::Handler Metering::gated(http::Handler inner) const {
  return tenants::gated(gate, std::move(inner));
}

std::shared_ptr<inference::Meter> Metering::meter(const inference::Host& host) const {
  if (!exporter) return ledger;
  const auto moment = [seconds = host.nanoseconds] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return traces::Moment{std::chrono::nanoseconds(now).count(), seconds()};
  };
  return std::make_shared<traces::TracingMeter>(ledger, exporter, moment, host.entropy);
}

// They look at what is alive, and keep nothing alive.
std::vector<operations::MoreMetrics> Metering::metrics() const {
  std::vector<operations::MoreMetrics> all;
  if (ledger)
    all.push_back([weak = std::weak_ptr<const ledger::Ledger>(ledger)](auto& out) {
      if (const auto alive = weak.lock()) write_ledger_metrics(*alive, out);
    });
  if (exporter)
    all.push_back([weak = std::weak_ptr<const traces::Exporter>(exporter)](auto& out) {
      if (const auto alive = weak.lock()) write_trace_metrics(alive->stats(), out);
    });
  return all;
}

Result<Metering> open_metering(const MeteringOptions& options, std::function<int64_t()> unix_time) {
  TRY(check(options));
  Metering all;
  all.gate.unix_time = unix_time;
  if (!options.otlp.empty()) {
    traces::ExporterOptions exporter{.url = options.otlp};
    TRY(exporter.validate());
    all.exporter = std::make_shared<traces::Exporter>(std::move(exporter));
  }
  TRY_ASSIGN(all.gate.keys, watched<tenants::KeyRing>(options.keys));
  all.books.keys = all.gate.keys;
  if (options.ledger.empty()) return all;
  TRY_ASSIGN(auto prices, watched<ledger::Prices>(options.prices));
  TRY_ASSIGN(auto limits, watched<tenants::Limits>(options.limits));
  if (limits)
    all.gate.quotas =
        tenants::Quotas::make({.limits = limits, .prices = prices, .unix_time = unix_time});
  std::function<void(const ledger::Charge&)> charged;
  if (const auto quotas = all.gate.quotas)
    charged = [quotas](const ledger::Charge& charge) { quotas->add(charge); };
  TRY_ASSIGN(all.ledger, ledger::Ledger::open({.where = options.ledger,
                                               .prices = prices,
                                               .charged = std::move(charged),
                                               .energy_source = options.energy_source}));
  all.gate.ledger = all.ledger;
  all.books = books_of(all.ledger, options.ledger);
  all.books.keys = all.gate.keys;
  all.books.limits = std::move(limits);
  all.books.prices = std::move(prices);
  if (all.gate.quotas) TRY(all.gate.quotas->load(*all.ledger));
  return all;
}

}  // namespace mill::apps
