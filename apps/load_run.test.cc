#include "apps/load_run.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include "service/http/router.h"
#include "service/http/server.h"

namespace mill::apps {
namespace {

using std::chrono::milliseconds;

// Answers each request with as many pieces as it wants tokens, and keeps what was asked. Each takes
// so long, one after the other.
struct Endpoint {
  std::mutex mutex;
  std::vector<std::string> asked;
  std::mutex turn;
  milliseconds takes{0};
  std::unique_ptr<http::Server> server;

  explicit Endpoint(milliseconds time = milliseconds(0)) : takes(time) {
    const auto handler = [this](const http::Request& request, auto exchange) {
      answer(request, *exchange);
    };
    auto opened = http::Server::listen({.port = 0, .threads = 8},
                                       http::router({{"POST", "/v1/completions", handler}}));
    REQUIRE(opened.has_value());
    server = std::move(*opened);
  }

  void answer(const http::Request& request, http::Exchange& exchange) {
    {
      const std::lock_guard lock(mutex);
      asked.push_back(request.body);
    }
    if (takes.count() > 0) {
      const std::lock_guard lock(turn);
      std::this_thread::sleep_for(takes);
    }
    const auto body = nlohmann::json::parse(request.body);
    const int tokens = body["max_tokens"];
    exchange.begin({});
    for (int i = 0; i < tokens; ++i) exchange.write("data: {\"choices\":[{\"text\":\"x\"}]}\n\n");
    exchange.write(
        fmt::format("data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":2,"
                    "\"completion_tokens\":{}}}}}\n\ndata: [DONE]\n\n",
                    tokens));
    exchange.end();
  }

  LoadTarget target() const {
    return {.address = {.endpoint = {boost::asio::ip::address_v4::loopback(), server->port()},
                        .host = "test"},
            .settings = {{"stream", true}},
            .pid = getpid()};
  }
  Result<LoadFigures> run(const LoadCase& load) { return run_load(target(), load); }
};

const LoadPlan kPlan{.prompt_words = {1, 4}, .answer_tokens = {2, 6}, .vanish = 0};

uint64_t tokens_of(const LoadPlan& plan, uint64_t requests) {
  uint64_t tokens = 0;
  for (uint64_t n = 0; n < requests; ++n) tokens += request_of(plan, n).answer_tokens;
  return tokens;
}

TEST_CASE("a closed loop asks the plan's requests, each once") {
  Endpoint endpoint, other;
  const LoadCase load{.name = "4 clients", .plan = kPlan, .clients = 4, .requests_max = 200};
  const auto figures = endpoint.run(load);
  REQUIRE(figures.has_value());
  CHECK(figures->started == 200);
  CHECK(figures->finished == 200);
  CHECK(figures->failed == 0);
  CHECK(figures->prompt_tokens == 400);
  CHECK(figures->answer_tokens == tokens_of(kPlan, 200));
  CHECK(figures->first.count() == 200);
  CHECK(figures->gap.count() == tokens_of(kPlan, 200) - 200);
  CHECK(figures->seconds > 0);
  CHECK(figures->memory.start > 0);
  CHECK(figures->memory.warm > 0);
  CHECK(figures->memory.peak >= figures->memory.end);
  REQUIRE(other.run(load).has_value());
  std::ranges::sort(endpoint.asked);
  std::ranges::sort(other.asked);
  CHECK(endpoint.asked == other.asked);
}

TEST_CASE("who vanishes is counted, and the others are answered") {
  Endpoint endpoint;
  LoadPlan plan = kPlan;
  plan.vanish = 0.5;
  const auto figures = endpoint.run({.name = "", .plan = plan, .clients = 3, .requests_max = 100});
  REQUIRE(figures.has_value());
  uint64_t vanishing = 0;
  for (uint64_t n = 0; n < 100; ++n) vanishing += request_of(plan, n).vanish_after.has_value();
  CHECK(figures->vanished == vanishing);
  CHECK(figures->finished == 100 - vanishing);
  CHECK(figures->failed == 0);
}

TEST_CASE("an open loop asks when it is time, and counts from then") {
  Endpoint slow(milliseconds(20));  // 50 a second at most, asked for 100
  const auto figures = slow.run({.name = "", .plan = kPlan, .rate = 100, .requests_max = 40});
  REQUIRE(figures.has_value());
  CHECK(figures->finished == 40);
  // The last ones come after some 0.4 s, and their turn after 0.8 s.
  CHECK(figures->seconds >= 0.8);
  CHECK(figures->first.max_s() >= 0.15);
  CHECK(figures->first.percentile_s(0.5) >= 0.02);
}

TEST_CASE("a trace is replayed, with its lengths") {
  Endpoint endpoint;
  const auto figures =
      endpoint.run({.name = "", .plan = kPlan, .trace = {{0, 3, 7}, {0, 1, 1}, {120, 2, 5}}});
  REQUIRE(figures.has_value());
  CHECK(figures->finished == 3);
  CHECK(figures->answer_tokens == 13);
  CHECK(figures->seconds >= 0.12);
  CHECK(figures->gap.count() == 10);
}

TEST_CASE("no request begins after the time") {
  Endpoint endpoint(milliseconds(5));
  const auto figures = endpoint.run({.name = "", .plan = kPlan, .clients = 2, .seconds_max = 0.2});
  REQUIRE(figures.has_value());
  CHECK(figures->finished > 0);
  CHECK(figures->finished == figures->started);
  CHECK(figures->seconds >= 0.2);
}

TEST_CASE("idle connections stand beside the clients") {
  Endpoint endpoint;
  const auto figures = endpoint.run(
      {.name = "", .plan = kPlan, .clients = 2, .requests_max = 20, .idle_connections = 100});
  REQUIRE(figures.has_value());
  CHECK(figures->finished == 20);
  CHECK(figures->idle_reopened == 0);
}

TEST_CASE("a server that is gone fails its requests") {
  Endpoint endpoint;
  LoadTarget target = endpoint.target();
  endpoint.server.reset();
  const LoadCase load{.name = "", .plan = kPlan, .clients = 2, .requests_max = 10};
  const auto figures = run_load(target, load);
  REQUIRE(figures.has_value());
  CHECK(figures->failed == 10);
  CHECK(figures->complaints.size() == 5);
  LoadCase idle = load;
  idle.idle_connections = 1;
  CHECK(run_load(target, idle).error().kind == ErrorKind::exhausted);
}

}  // namespace
}  // namespace mill::apps
