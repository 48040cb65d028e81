#include <fmt/core.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "apps/command.h"
#include "apps/console.h"
#include "apps/metering.h"
#include "apps/models_folder.h"
#include "apps/open_engine.h"
#include "apps/receipting.h"
#include "apps/service_manager.h"
#include "base/power.h"
#include "service/http/cors.h"
#include "service/http/lane.h"
#include "service/http/server.h"
#include "service/inference/http_courier.h"
#include "service/inference/python_jail.h"
#include "service/jobs/endpoints.h"
#include "service/messages/endpoints.h"
#include "service/ollama/endpoints.h"
#include "service/openai/endpoints.h"
#include "service/operations/endpoints.h"
#include "service/operations/lifecycle.h"
#include "service/operations/metrics.h"
#include "service/receipts/endpoints.h"

namespace mill::apps {
namespace {

constexpr http::milliseconds kDrain{30'000};

struct ServeOptions {
  ModelOptions model;
  http::ServerOptions http;
  http::CorsOptions cors;
  MeteringOptions metering;
  ReceiptOptions receipts;
  inference::CourierOptions courier;
  std::string port_file, state_folder, models_folder;
  std::string power;
  double queue_seconds = 0, sleep_seconds = 0;
  bool unit_tests = false, json = false;
};

// Whoever waits for the file finds it whole: it appears by a rename.
Result<void> write_port_file(const std::string& path, uint16_t port) {
  if (path.empty()) return {};
  const std::string partial = path + ".partial";
  std::ofstream file(partial);
  file << port << '\n';
  file.close();
  if (!file || std::rename(partial.c_str(), path.c_str()) != 0)
    return fail(ErrorKind::io, "--port-file {}: {}", path, std::strerror(errno));
  return {};
}

std::shared_ptr<inference::Host> new_host() {
  auto host = std::make_shared<inference::Host>();
  host->unix_time = [] {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  host->nanoseconds = [] {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  host->entropy = [] {
    thread_local std::random_device device;
    return (static_cast<uint64_t>(device()) << 32) | device();
  };
  return host;
}

// Every API, side by side: their paths differ.
std::vector<http::Route> all_routes(const std::shared_ptr<const inference::Host>& host,
                                    const std::shared_ptr<const receipts::Log>& receipts,
                                    std::vector<operations::MoreMetrics> metrics) {
  std::vector<http::Route> routes = openai::routes(host);
  if (receipts) metrics.push_back(receipt_metrics(receipts));
  for (const auto& more : {messages::routes(host), ollama::routes(host), receipts::routes(receipts),
                           operations::routes(host, std::move(metrics))})
    routes.insert(routes.end(), more.begin(), more.end());
  return routes;
}

// Null without a folder: batches outlive the server, so where they lie is the user's to say.
Result<std::unique_ptr<jobs::Jobs>> open_jobs(const ServeOptions& options,
                                              const std::shared_ptr<const inference::Host>& host,
                                              http::Handler live) {
  if (options.state_folder.empty()) return nullptr;
  return jobs::Jobs::open(options.state_folder, host, std::move(live));
}

void announce(const ServeOptions& options, const http::Server& server, const std::string& id) {
  const std::string url =
      fmt::format("{}://{}/v1", options.http.tls.on() ? "https" : "http", server.address());
  if (options.json) {
    fmt::print("{{\"url\": \"{}\", \"port\": {}}}\n", url, server.port());
    std::fflush(stdout);
  }
  fmt::print(stderr, "serving {} on {} (Ctrl-C stops)\n", id, url);
}

// What stands behind the server once its model is loaded.
struct House {
  std::shared_ptr<inference::Host> host;
  std::unique_ptr<jobs::Jobs> jobs;
  http::Handler handler;
  std::unique_ptr<http::Lane> lane = std::make_unique<http::Lane>();
  std::unique_ptr<http::Lane> loading = std::make_unique<http::Lane>(1, 16);
  std::unique_ptr<web::Console> console;  // ends first
};

// Grammars are compiled on the lane; whatever else there is goes past it.
bool is_slow(const http::Request& request) {
  return request.method == "POST" && inference::may_need_grammar(request.body);
}

Result<House> furnish(const ServeOptions& options,
                      const std::shared_ptr<const http::ServerCounts>& counts) {
  House house;
  ModelOptions wanted = options.model;
  wanted.digest = !options.metering.ledger.empty() || !options.receipts.log.empty();
  TRY_ASSIGN(const PowerMeter power, open_power_meter(options.power));
  const SharedMeter meter(power.joules);
  wanted.joules = meter.for_one();
  wanted.sleep_after_ns = std::llround(options.sleep_seconds * 1e9);
  TRY_ASSIGN(std::unique_ptr<service::EngineModel> model, open_engine(wanted));
  TRY_ASSIGN(const auto receipts, open_receipts(options.receipts, model->info()));
  if (const auto usable = model->chat_template(); !usable)
    fmt::print(stderr, "no conversations: {}\n", usable.error().message);
  house.host = new_host();
  TRY(house.host->models.take(std::move(model)));
  if (!options.courier.prefixes.empty())
    house.host->courier = std::make_shared<inference::HttpCourier>(options.courier);
  if (options.unit_tests) {
    TRY_ASSIGN(house.host->jail, inference::PythonJail::open());
  }
  house.host->measures_energy = !power.source.empty();
  house.host->queue_ms_max = std::llround(options.queue_seconds * 1000);
  MeteringOptions metered = options.metering;
  metered.energy_source = power.source;
  TRY_ASSIGN(const Metering metering, open_metering(metered, house.host->unix_time));
  house.host->meter = metering.meter(*house.host);
  house.host->budget = metering.gate.quotas;
  house.host->notary = receipts;
  const auto arrivals = std::make_shared<operations::Arrivals>();
  house.console = open_console({.host = house.host,
                                .metering = metering,
                                .counts = counts,
                                .receipts = receipts != nullptr,
                                .energy_source = power.source,
                                .models_folder = options.models_folder,
                                .arrivals = arrivals});
  auto metrics = metering.metrics();
  metrics.push_back(
      [counts](operations::Exposition& out) { operations::write_server_metrics(*counts, out); });
  if (!power.source.empty())
    metrics.push_back(operations::energy_metrics(house.host, power.source));
  auto routes = all_routes(house.host, receipts, std::move(metrics));
  TRY_ASSIGN(house.jobs, open_jobs(options, house.host, http::router(routes)));
  for (auto& more : house.jobs ? house.jobs->routes() : jobs::routes_without_state())
    routes.push_back(std::move(more));
  for (auto& more : console_routes(*house.console)) routes.push_back(std::move(more));
  operations::Loading loading = loading_from(options.models_folder, wanted, meter);
  loading.arrivals = arrivals;
  if (receipts) loading.opened = [receipts](const auto& info) { receipts->serve(info); };
  for (auto& more : operations::load_routes(house.host, std::move(loading)))
    routes.push_back(std::move(more));
  auto answering = house.lane->wrap(http::router(std::move(routes)), is_slow);
  answering = house.loading->wrap(std::move(answering), operations::loads);
  house.handler = metering.gated(receipts::checked(receipts != nullptr, std::move(answering)));
  return house;
}

// It listens first, so that a probe learns that it is alive while the model takes its time.
Result<void> serve(const ServeOptions& options) {
  operations::Lifecycle lifecycle;
  House house;  // outlives the server, whose handler it is
  TRY(options.cors.validate());
  TRY(options.courier.validate());
  TRY_ASSIGN(const auto server,
             http::Server::listen(options.http, http::cors(options.cors, lifecycle.handler())));
  TRY_ASSIGN(house, furnish(options, server->counts()));
  lifecycle.ready(house.handler);
  const auto ready = [&]() -> Result<void> {
    TRY(write_port_file(options.port_file, server->port()));
    announce(options, *server, house.host->models.all().front()->info().id);
    return notify_service_manager("READY=1");
  };
  const auto draining = [&] {
    lifecycle.drain();
    house.console->close();                      // its streams have no end of their own
    (void)notify_service_manager("STOPPING=1");  // nothing is lost where nobody hears it
  };
  TRY_ASSIGN(const bool clean, server->serve_until_signal(kDrain, {ready, draining}));
  fmt::print(stderr, "{}\n", clean ? "stopped" : "stopped; what was not finished was cut off");
  return {};
}

void add_web_options(CLI::App& command, ServeOptions& options) {
  http::TlsOptions& tls = options.http.tls;
  command.add_option("--tls-cert", tls.certificate,
                     "PEM file of the server's certificate and those up to its CA: HTTPS; read "
                     "again when it changes [plain HTTP]");
  command.add_option("--tls-key", tls.key, "PEM file of the certificate's private key");
  command.add_option("--tls-client-ca", tls.client_ca,
                     "PEM file of CAs, of one of which clients need a certificate [none needed]");
  command
      .add_option("--cors-origin", options.cors.origins,
                  "Whose web pages may use this server from a browser, as "
                  "https://app.example; may be given several times [nobody's]")
      ->allow_extra_args(false);
  command
      .add_option("--verifier-url-prefix", options.courier.prefixes,
                  "Where clients may have their answers verified: how these URLs begin, as "
                  "https://checker.example/; may be given several times [nowhere]")
      ->allow_extra_args(false);
  command.add_flag("--verifier-unit-tests", options.unit_tests,
                   "Let clients have their answers' Python run, kept apart from the machine [no]");
}

}  // namespace

Run add_serve(CLI::App& command) {
  auto options = std::make_shared<ServeOptions>();
  add_model_options(command, options->model);
  command.add_option("--model-id", options->model.model_id,
                     "What clients call the model [the file's name]; `default` always works");
  command.add_option("--host", options->http.host, "Address to listen on [127.0.0.1]");
  command.add_option("--port", options->http.port, "Port; 0 = any free one [8080]");
  command.add_option("--port-file", options->port_file, "Write the port here once ready");
  command.add_option("--connections", options->http.connections_max, "Most clients at once [1024]");
  add_web_options(command, *options);
  command.add_option("--models-folder", options->models_folder,
                     "Folder of models that clients may have loaded and unloaded [none: refused]");
  command.add_option("--state", options->state_folder,
                     "Folder for files and batches, which outlive the server [none: refused]");
  command.add_option("--power", options->power,
                     "Where energy is read: rapl; IDLE,BUSY, the machine's watts, for a model; "
                     "none [rapl where it can be read]");
  command
      .add_option("--queue-timeout", options->queue_seconds,
                  "Seconds after which a request that could not be begun is refused; clients may "
                  "say their own with X-Queue-Timeout [0: it waits]")
      ->check(CLI::Range(0.0, 86'400.0));
  command
      .add_option("--sleep-after", options->sleep_seconds,
                  "Seconds without requests after which the model lets go of its memory, until the "
                  "next one [0: never]")
      ->check(CLI::Range(0.0, 31'536'000.0));
  add_metering_options(command, options->metering);
  add_receipt_options(command, options->receipts);
  command.add_flag("--json", options->json, "Print one JSON object once ready");
  // An image's entry point has these already; what is appended to it holds.
  for (const char* name : {"--host", "--port", "--trust"}) command.get_option(name)->take_last();
  return [options] { return serve(*options); };
}

}  // namespace mill::apps
