#include "apps/console.h"

#include <chrono>
#include <utility>

#include "apps/models_folder.h"
#include "service/web/files.h"

namespace mill::apps {
namespace {

std::function<std::vector<web::Loadable>()> loadable_from(const std::string& folder) {
  if (folder.empty()) return nullptr;
  return [folder] {
    std::vector<web::Loadable> all;
    for (const StoredModel& it : models_in(folder)) all.push_back({it.name, it.bytes});
    return all;
  };
}

}  // namespace

std::unique_ptr<web::Console> open_console(const ConsoleParts& parts) {
  const auto moment = [steady = parts.host->nanoseconds] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return traces::Moment{std::chrono::nanoseconds(now).count(), steady()};
  };
  const web::Books& books = parts.metering.books;
  const auto log = std::make_shared<web::RequestLog>(web::RequestLogOptions{
      .moment = moment, .prices = books.prices, .energy = !parts.energy_source.empty()});
  parts.host->meter = std::make_shared<web::LoggingMeter>(parts.host->meter, log);
  return std::make_unique<web::Console>(
      web::ConsoleOptions{.sources = {.host = parts.host,
                                      .log = log,
                                      .counts = parts.counts,
                                      .moment = moment,
                                      .loading = [it = parts.arrivals] { return it->names(); },
                                      .facts = {.keys = books.keys != nullptr,
                                                .ledger = books.charges != nullptr,
                                                .prices = books.prices != nullptr,
                                                .limits = books.limits != nullptr,
                                                .receipts = parts.receipts,
                                                .models_folder = !parts.models_folder.empty(),
                                                .energy_source = parts.energy_source}},
                          .books = books,
                          .loadable = loadable_from(parts.models_folder)});
}

std::vector<http::Route> console_routes(const web::Console& console) {
  std::vector<http::Route> routes = console.routes();
  for (auto& more : web::file_routes()) routes.push_back(std::move(more));
  return routes;
}

}  // namespace mill::apps
