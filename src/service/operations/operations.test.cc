#include <doctest/doctest.h>

#include "service/inference/scripted_server.h"
#include "service/operations/endpoints.h"
#include "service/operations/license.h"
#include "service/operations/lifecycle.h"

namespace mill::operations {
namespace {

using inference::testing::Recorder;
using inference::testing::ScriptedServer;

int status(const http::Handler& handler, const char* path) {
  const auto recorder = std::make_shared<Recorder>();
  handler({.method = "GET", .path = path, .query = "", .headers = {}, .body = ""}, recorder);
  return recorder->wait().status;
}

}  // namespace

TEST_CASE("a server is alive from its start and ready in the middle") {
  Lifecycle life;
  const http::Handler handler = life.handler();
  CHECK(status(handler, "/v1/health/live") == 200);
  CHECK(status(handler, "/v1/health/ready") == 503);
  CHECK(status(handler, "/v1/models") == 503);
  life.ready([](const http::Request&, const std::shared_ptr<http::Exchange>& exchange) {
    exchange->respond({.status = 418});
  });
  CHECK(status(handler, "/v1/health/ready") == 200);
  CHECK(status(handler, "/v1/models") == 418);
  life.drain();
  CHECK(status(handler, "/v1/health/live") == 200);
  CHECK(status(handler, "/v1/health/ready") == 503);
  CHECK(status(handler, "/v1/models") == 503);
}

TEST_CASE("samples are as Prometheus writes them") {
  Exposition out;
  out.family("a_total", "counter", "Some.");
  out.sample({{"name", "a\"b\\c\nd"}}, 3);
  out.sample({}, 0.25);
  CHECK(out.take() ==
        "# HELP a_total Some.\n# TYPE a_total counter\n"
        "a_total{name=\"a\\\"b\\\\c\\nd\"} 3\na_total 0.25\n");
}

TEST_CASE("a histogram's buckets hold all below them") {
  Exposition out;
  out.family("h", "histogram", "Some.");
  const std::vector<double> bounds = {0.5, 2};
  const std::vector<uint64_t> counts = {1, 2, 3};
  out.histogram({{"m", "x"}}, bounds, counts, 9.5);
  CHECK(out.take() ==
        "# HELP h Some.\n# TYPE h histogram\n"
        "h_bucket{m=\"x\",le=\"0.5\"} 1\nh_bucket{m=\"x\",le=\"2\"} 3\n"
        "h_bucket{m=\"x\",le=\"+Inf\"} 6\nh_sum{m=\"x\"} 9.5\nh_count{m=\"x\"} 6\n");
}

TEST_CASE("who a server is") {
  ScriptedServer server("", [](const auto& host) { return routes(host); });
  const auto metadata = nlohmann::json::parse(server.send("GET", "/v1/metadata").body);
  CHECK(metadata["modelInfo"][0]["shortName"] == "fake");
  CHECK(metadata["licenseInfo"]["type"] == "Apache-2.0");
  const auto version = nlohmann::json::parse(server.send("GET", "/v1/version").body);
  CHECK(version["release"] == TOKENMILL_VERSION);
  const auto license = nlohmann::json::parse(server.send("GET", "/v1/license").body);
  CHECK(license["content"].get<std::string>() == license_text());
  CHECK(license_text().find("Apache License") != std::string_view::npos);
}

}  // namespace mill::operations
