#include "service/operations/sleeping.h"

#include <doctest/doctest.h>

#include "service/inference/scripted_server.h"
#include "service/operations/endpoints.h"

namespace mill::operations {
namespace {

using inference::testing::ScriptedServer;
using llm::Farewell;

struct Sleepers : ScriptedServer {
  Sleepers() : ScriptedServer("", [](const auto& it) { return routes(it); }) {}

  nlohmann::json ask(const char* method, const std::string& path, int status = 200) {
    const http::Response response = send(method, path);
    CHECK(response.status == status);
    return nlohmann::json::parse(response.body);
  }
};

}  // namespace

TEST_CASE("a model sleeps and wakes by vLLM's paths, and tells it in vLLM's metrics") {
  Sleepers server;
  const std::string awake = R"(vllm:engine_sleep_state{model_name="fake",sleep_state="awake"} )";
  CHECK(server.ask("GET", "/is_sleeping")["is_sleeping"] == false);
  CHECK(server.send("GET", "/metrics").body.find(awake + "1\n") != std::string::npos);
  CHECK(server.ask("POST", "/sleep?level=1")["is_sleeping"] == true);
  CHECK(server.ask("GET", "/is_sleeping?model=default")["is_sleeping"] == true);
  CHECK(server.send("GET", "/metrics").body.find(awake + "0\n") != std::string::npos);
  CHECK(
      server.send("GET", "/metrics").body.find("tokenmill_model_sleeping{model_name=\"fake\"} 1") !=
      std::string::npos);
  CHECK(server.ask("POST", "/wake_up?tags=weights")["is_sleeping"] == false);
  CHECK(server.ask("GET", "/is_sleeping")["is_sleeping"] == false);
}

TEST_CASE("how it is to sleep stands in the query") {
  Sleepers server;
  server.ask("POST", "/sleep");
  CHECK(server.model->slept.running == Farewell::wait);
  CHECK_FALSE(server.model->slept.held);
  server.ask("POST", "/sleep?mode=keep&level=2&wake=call");
  CHECK(server.model->slept.running == Farewell::keep);
  CHECK(server.model->slept.held);
  server.ask("POST", "/sleep?mode=abort&wake=request");
  CHECK(server.model->slept.running == Farewell::cancel);
  CHECK_FALSE(server.model->slept.held);
}

TEST_CASE("orders that make no sense are refused by what is wrong with them") {
  Sleepers server;
  const auto param = [&](const char* path, int status = 400) {
    return server.ask("POST", path, status)["error"]["param"];
  };
  CHECK(param("/sleep?level=3") == "level");
  CHECK(param("/sleep?mode=now") == "mode");
  CHECK(param("/sleep?wake=never") == "wake");
  CHECK(param("/sleep?model=other", 404) == "model");
  CHECK(param("/wake_up?model=other", 404) == "model");
  CHECK(server.ask("GET", "/is_sleeping?model=other", 404)["error"]["code"] == "model_not_found");
  CHECK_FALSE(server.model->asleep);
}

TEST_CASE("whoever asked is told why it went wrong") {
  Sleepers server;
  server.model->order_result = fail(ErrorKind::cancelled, "it was woken before it slept");
  CHECK(server.ask("POST", "/sleep", 409)["error"]["message"] == "it was woken before it slept");
  server.model->order_result = fail(ErrorKind::exhausted, "no memory");
  const http::Response refused = server.send("POST", "/wake_up");
  CHECK(refused.status == 503);
  CHECK(std::ranges::count(refused.headers, "Retry-After", &http::Header::name) == 1);
  server.model->order_result = fail(ErrorKind::unsupported, "this model cannot sleep");
  server.ask("POST", "/sleep", 400);
}

}  // namespace mill::operations
