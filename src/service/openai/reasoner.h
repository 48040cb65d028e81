#pragma once
// For tests: a chat whose paths, by their seeds 0, 1, …, say what they are told to.

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "service/inference/scripted_server.h"
#include "service/openai/endpoints.h"

namespace mill::openai::testing {

using http::Json;
using inference::testing::Recorder;
using inference::testing::ScriptedServer;

struct Asked {
  int status = 0;
  Json body;
  std::string text() const { return body["choices"][0]["message"]["content"]; }
};

struct Reasoner {
  ScriptedServer server{"", [](const auto& host) { return routes(host); }};

  explicit Reasoner(std::vector<std::string> paths) { server.model->scripts = std::move(paths); }

  http::Response send(const std::string& reasoning, Json more = Json::object()) {
    Json body = {{"messages", {{{"role", "user"}, {"content", "How many?"}}}},
                 {"seed", 0},
                 {"temperature", 0.8},
                 {"reasoning", Json::parse(reasoning)}};
    body.update(more);
    const auto recorder = std::make_shared<Recorder>();
    server.handler({.method = "POST",
                    .path = "/v1/chat/completions",
                    .query = "",
                    .headers = {},
                    .body = body.dump()},
                   recorder);
    return recorder->wait();
  }
  Asked ask(const std::string& reasoning, Json more = Json::object()) {
    const http::Response response = send(reasoning, std::move(more));
    return {response.status, Json::parse(response.body)};
  }
};

}  // namespace mill::openai::testing
