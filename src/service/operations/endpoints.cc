#include "service/operations/endpoints.h"

#include <utility>

#include "service/http/json_body.h"
#include "service/operations/license.h"
#include "service/operations/metrics.h"
#include "service/operations/sleeping.h"

namespace mill::operations {
namespace {

using http::Json;
using inference::Host;
using Exchange = std::shared_ptr<http::Exchange>;

Json license_json() {
  return {{"name", "Apache License 2.0"},  {"path", "LICENSE"},
          {"type", "Apache-2.0"},          {"url", "https://www.apache.org/licenses/LICENSE-2.0"},
          {"size", license_text().size()}, {"content", license_text()}};
}

// The fields are NIM's.
Json metadata_json(const Host& host) {
  Json models = Json::array();
  for (const auto& model : host.models.all()) {
    const service::ModelInfo& info = model->info();
    models.push_back({{"shortName", info.id},
                      {"created", info.created},
                      {"contextLength", info.context_max},
                      {"vocabularySize", info.vocab_size}});
  }
  Json license = license_json();
  license.erase("content");
  return {{"version", TOKENMILL_VERSION},
          {"modelInfo", std::move(models)},
          {"assetInfo", Json::array()},
          {"licenseInfo", std::move(license)}};
}

std::string metrics_text(const Host& host, const std::vector<MoreMetrics>& more) {
  Exposition out;
  write_engine_metrics(host, out);
  for (const MoreMetrics& write : more) write(out);
  write_process_metrics(out);
  return out.take();
}

http::Handler answering(std::function<Json()> body) {
  return [body = std::move(body)](const http::Request&, const Exchange& exchange) {
    exchange->respond(http::json_response(body()));
  };
}

}  // namespace

std::vector<http::Route> routes(const std::shared_ptr<const Host>& host,
                                std::vector<MoreMetrics> more) {
  const http::Handler metrics = [host, more = std::move(more)](const http::Request&,
                                                               const Exchange& exchange) {
    exchange->respond({.headers = {{"Content-Type", Exposition::kContentType}},
                       .body = metrics_text(*host, more)});
  };
  std::vector<http::Route> all = sleep_routes(host);
  all.insert(all.end(),
             {
                 {"GET", "/metrics", metrics},
                 {"GET", "/v1/metrics", metrics},
                 {"GET", "/v1/metadata", answering([host] { return metadata_json(*host); })},
                 {"GET", "/v1/version",
                  answering([] { return Json{{"release", TOKENMILL_VERSION}, {"api", "1"}}; })},
                 {"GET", "/v1/license", answering(license_json)},
             });
  return all;
}

}  // namespace mill::operations
