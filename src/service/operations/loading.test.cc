#include "service/operations/loading.h"

#include <doctest/doctest.h>

#include "service/inference/scripted_server.h"
#include "service/openai/endpoints.h"

namespace mill::operations {
namespace {

using inference::testing::FakeModel;
using inference::testing::ScriptedServer;

// Opens a model of any name but "large" and "secret".
Loading fakes(std::vector<std::string>& opened, std::vector<std::string>& seen) {
  const auto arrivals = std::make_shared<Arrivals>();
  return {.open = [arrivals, &seen](
                      const LoadRequest& request) -> Result<std::unique_ptr<service::ServedModel>> {
            seen = arrivals->names();
            if (request.model == "large")
              return fail(ErrorKind::exhausted, "the model needs 5 bytes and 4 are available");
            if (request.model == "secret")
              return fail(ErrorKind::not_found, "There is no model 'secret'");
            const uint32_t context = request.context == 0 ? 100 : request.context;
            return std::make_unique<FakeModel>(context,
                                               request.id.empty() ? request.model : request.id);
          },
          .opened = [&opened](const service::ModelInfo& info) { opened.push_back(info.id); },
          .arrivals = arrivals};
}

struct Opened {
  std::vector<std::string> opened, seen;
};

struct Loader : Opened, ScriptedServer {
  explicit Loader(bool may = true)
      : ScriptedServer("tea", [&, may](const auto& it) {
          auto routes = openai::routes(it);
          for (auto& more : load_routes(it, may ? fakes(opened, seen) : Loading{}))
            routes.push_back(std::move(more));
          return routes;
        }) {}

  nlohmann::json post(const char* path, const char* body, int status = 200) {
    const http::Response response = send("POST", path, body);
    CHECK(response.status == status);
    return nlohmann::json::parse(response.body);
  }
  size_t listed() { return nlohmann::json::parse(send("GET", "/v1/models").body)["data"].size(); }
};

}  // namespace

TEST_CASE("a model is loaded, answers, and is unloaded") {
  Loader server;
  const auto loaded =
      server.post("/models/load", R"({"model": "b.gguf", "id": "b", "context": 777})");
  CHECK(loaded["success"] == true);
  CHECK(loaded["id"] == "b");
  CHECK(loaded["context_length"] == 777);
  CHECK(server.opened == std::vector<std::string>{"b"});
  CHECK(server.listed() == 2);
  CHECK(server.post("/v1/completions", R"({"model": "b", "prompt": "x"})")["model"] == "b");
  CHECK(server.post("/v1/completions", R"({"prompt": "x"})")["model"] == "fake");
  CHECK(server.post("/v1/models/unload", R"({"model": "b"})")["success"] == true);
  CHECK(server.listed() == 1);
  CHECK(server.post("/v1/completions", R"({"model": "b", "prompt": "x"})", 404)["error"]["code"] ==
        "model_not_found");
  server.post("/v1/models/load", R"({"model": "b"})");  // its id is free again
}

TEST_CASE("who is on the way can be seen, by what it will be called") {
  Loader server;
  server.post("/models/load", R"({"model": "b.gguf", "id": "b"})");
  CHECK(server.seen == std::vector<std::string>{"b"});
  server.post("/models/load", R"({"model": "large"})", 507);
  CHECK(server.seen == std::vector<std::string>{"large"});  // and b has arrived
  server.post("/models/load", R"({"model": "secret"})", 404);
  CHECK(server.seen == std::vector<std::string>{"secret"});  // and large has not
}

TEST_CASE("what cannot be loaded or unloaded is refused with the reason") {
  Loader server;
  const auto error = [&](const char* path, const char* body, int status) {
    return server.post(path, body, status)["error"];
  };
  CHECK(error("/models/load", R"({"model": "x", "id": "fake"})", 409)["code"] == "model_exists");
  CHECK(error("/models/load", R"({"model": "fake"})", 409)["code"] == "model_exists");
  CHECK(error("/models/load", R"({"model": "secret"})", 404)["message"] ==
        "There is no model 'secret'");
  CHECK(error("/models/load", R"({"model": "large"})", 507)["code"] == "out_of_memory");
  CHECK(error("/models/load", R"({})", 400)["param"] == "model");
  CHECK(error("/models/load", R"({"model": "x", "id": "default"})", 400)["param"] == "id");
  CHECK(error("/models/load", R"({"model": "x", "id": "a\nb"})", 400)["param"] == "id");
  CHECK(error("/models/load", R"({"model": "x", "context": -1})", 400)["param"] == "context");
  CHECK(error("/models/unload", R"({})", 400)["param"] == "model");
  CHECK(error("/models/unload", R"({"model": "x"})", 404)["code"] == "model_not_found");
  CHECK(server.opened.empty());
  CHECK(server.listed() == 1);
}

TEST_CASE("a server without a folder of models loads and unloads nothing") {
  Loader server(false);
  for (const char* path :
       {"/models/load", "/v1/models/load", "/models/unload", "/v1/models/unload"})
    CHECK(server.post(path, R"({"model": "fake"})", 400)["error"]["code"] == "no_models_folder");
  CHECK(server.listed() == 1);
}

TEST_CASE("only loading takes long") {
  CHECK(loads({.method = "POST", .path = "/models/load", .query = "", .headers = {}}));
  CHECK(loads({.method = "POST", .path = "/v1/models/load", .query = "", .headers = {}}));
  CHECK_FALSE(loads({.method = "POST", .path = "/models/unload", .query = "", .headers = {}}));
  CHECK_FALSE(loads({.method = "GET", .path = "/models/load", .query = "", .headers = {}}));
}

}  // namespace mill::operations
