#pragma once
// `serve`'s part that people look at: the last requests, and what the console's pages ask for.

#include <memory>

#include "apps/metering.h"
#include "service/http/server.h"
#include "service/operations/arrivals.h"
#include "service/web/endpoints.h"

namespace mill::apps {

struct ConsoleParts {
  std::shared_ptr<inference::Host> host;  // whose requests are in the log from now on
  const Metering& metering;
  std::shared_ptr<const http::ServerCounts> counts;
  bool receipts = false;
  std::string energy_source;       // "" = the joules are not known
  std::string models_folder = {};  // "" = nothing is loaded
  std::shared_ptr<const operations::Arrivals> arrivals;
};

std::unique_ptr<web::Console> open_console(const ConsoleParts&);

// What it has to say and to show, pages included.
std::vector<http::Route> console_routes(const web::Console&);

}  // namespace mill::apps
