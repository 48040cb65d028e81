// Ollama's API against a model that says what it is told to say.

#include <doctest/doctest.h>

#include <sstream>

#include "service/http/json_body.h"
#include "service/inference/scripted_server.h"
#include "service/ollama/endpoints.h"

namespace mill::ollama {
namespace {

using http::Json;

struct Fixture : inference::testing::ScriptedServer {
  explicit Fixture(std::string script) : ScriptedServer(std::move(script), routes) {}
  http::Response ask(const std::string& path, const Json& body, const char* method = "POST") {
    return send(method, path, body.dump());
  }
};

Json chat(const Json& more = Json::object()) {
  Json body = Json::parse(R"({"model": "fake:latest",
      "messages": [{"role": "user", "content": "Tea?"}],
      "options": {"seed": 1},
      "tools": [{"type": "function", "function": {"name": "weather", "parameters": {}}}]})");
  body.update(more);
  return body;
}

}  // namespace

TEST_CASE("a chat by lines, and whole") {
  Fixture fixture(
      "<think>Hm.</think>Well.<tool_call>{\"name\": \"weather\", \"arguments\": {\"a\": 1}}"
      "</tool_call>");
  const Json whole = Json::parse(fixture.ask("/api/chat", chat({{"stream", false}})).body);
  CHECK(whole["message"]["thinking"] == "Hm.");
  CHECK(whole["message"]["content"] == "Well.");
  CHECK(whole["message"]["tool_calls"][0]["function"]["arguments"]["a"] == 1);
  CHECK(whole["done_reason"] == "stop");
  CHECK(whole["created_at"] == "1970-01-01T00:20:34Z");
  std::istringstream lines(fixture.ask("/api/chat", chat()).body);
  std::string text, thinking;
  Json last, calls;
  for (std::string line; std::getline(lines, line);) {
    last = Json::parse(line);
    text += last["message"]["content"].get<std::string>();
    thinking += last["message"].value("thinking", "");
    if (last["message"].contains("tool_calls")) calls = last["message"]["tool_calls"];
  }
  CHECK(text == "Well.");
  CHECK(thinking == "Hm.");
  CHECK(calls == whole["message"]["tool_calls"]);
  CHECK(last["done"] == true);
  CHECK(last["eval_count"] == whole["eval_count"]);
}

TEST_CASE("generate: a question to the model, or a text to go on with") {
  Fixture fixture("Yes.");
  for (const bool raw : {false, true}) {
    const http::Response response = fixture.ask(
        "/api/generate", {{"model", "fake"}, {"prompt", "Tea?"}, {"stream", false}, {"raw", raw}});
    CHECK(Json::parse(response.body)["response"] == "Yes.");
  }
}

TEST_CASE("what there is to serve") {
  Fixture fixture("x");
  CHECK(Json::parse(fixture.ask("/api/tags", {}, "GET").body)["models"][0]["name"] == "fake");
  CHECK(Json::parse(fixture.ask("/api/version", {}, "GET").body)["version"].is_string());
  const Json shown = Json::parse(fixture.ask("/api/show", {{"model", "fake"}}).body);
  CHECK(shown["model_info"]["general.context_length"] == 4096);
  CHECK(shown["capabilities"].size() == 3);
}

TEST_CASE("thinking: on, off, by level, and within a budget") {
  Fixture fixture("<think>Hm.</think>Well.");
  for (const Json& think : {Json(true), Json("low"), Json("high")}) {
    const auto told = fixture.ask("/api/chat", chat({{"stream", false}, {"think", think}}));
    CHECK(told.status == 200);
    CHECK(fixture.model->thoughts_max == 0);
  }
  fixture.ask("/api/chat", chat({{"think", "low"}, {"options", {{"thinking_token_budget", 7}}}}));
  CHECK(fixture.model->thoughts_max == 7);
}

TEST_CASE("what is wrong is refused with a sentence") {
  struct Row {
    const char* members;
    const char* named;
  };
  const Row rows[] = {
      {R"({"model": null})", "model"},
      {R"({"messages": []})", "messages"},
      {R"({"messages": [{"role": "critic", "content": "a"}]})", "messages[0].role"},
      {R"({"messages": [{"role": "user", "content": "a", "images": ["a"]}]})", "images"},
      {R"({"options": {"temperature": "hot"}})", "temperature"},
      {R"({"options": {"num_predict": -3}})", "num_predict"},
      {R"({"format": "yaml"})", "format"},
      {R"({"think": 5})", "think"},
      {R"({"think": "deeply"})", "think"},
      {R"({"options": {"thinking_token_budget": 0}})", "thinking_token_budget"},
      {R"({"tools": [{"type": "function"}]})", "tools[0].function.name"},
  };
  Fixture fixture("x");
  for (const Row& row : rows) {
    CAPTURE(row.members);
    const http::Response response = fixture.ask("/api/chat", chat(Json::parse(row.members)));
    CHECK(response.status == 400);
    CHECK(Json::parse(response.body)["error"].get<std::string>().contains(row.named));
  }
  CHECK(fixture.ask("/api/chat", chat({{"model", "llama9"}})).status == 404);
}

}  // namespace mill::ollama
