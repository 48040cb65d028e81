#include "apps/console.h"

#include <chrono>
#include <utility>

#include "service/web/files.h"

namespace mill::apps {

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
                                      .facts = {.keys = books.keys != nullptr,
                                                .ledger = books.charges != nullptr,
                                                .prices = books.prices != nullptr,
                                                .limits = books.limits != nullptr,
                                                .receipts = parts.receipts,
                                                .energy_source = parts.energy_source}},
                          .books = books});
}

std::vector<http::Route> console_routes(const web::Console& console) {
  std::vector<http::Route> routes = console.routes();
  for (auto& more : web::file_routes()) routes.push_back(std::move(more));
  return routes;
}

}  // namespace mill::apps
