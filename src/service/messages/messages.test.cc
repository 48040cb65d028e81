// Anthropic's API against a model that says what it is told to say.

#include <doctest/doctest.h>

#include "service/inference/scripted_server.h"
#include "service/messages/endpoints.h"
#include "service/messages/messages_request.h"

namespace mill::messages {
namespace {

constexpr const char* kThoughtAndCall =
    "<think>\nI look.\n</think>\n\nOne moment.\n<tool_call>\n{\"name\": \"weather\", "
    "\"arguments\": "
    "{\"city\": \"Ulm\"}}\n</tool_call>";

struct Fixture : inference::testing::ScriptedServer {
  explicit Fixture(std::string script) : ScriptedServer(std::move(script), routes) {}
  http::Response ask(const std::string& path, const Json& more) {
    Json body = Json::parse(R"({"model": "fake", "max_tokens": 500,
        "messages": [{"role": "user", "content": "Tea?"}],
        "tools": [{"name": "weather", "input_schema": {"type": "object"}}]})");
    body.update(more);
    return send("POST", path, body.dump());
  }
  Json message(const Json& more = Json::object()) {
    const http::Response response = ask("/v1/messages", more);
    CAPTURE(response.body);
    REQUIRE(response.status == 200);
    return Json::parse(response.body);
  }
};

// What a client makes of the events: the message that is not streamed.
Json joined(const std::string& body) {
  Json message;
  std::string input;
  for (size_t at = 0; (at = body.find("data: ", at)) != std::string::npos; ++at) {
    const Json event = Json::parse(body.substr(at + 6, body.find("\n\n", at) - at - 6));
    if (event["type"] == "message_start") message = event["message"];
    if (event["type"] == "content_block_start") {
      CHECK(event["index"] == message["content"].size());
      message["content"].push_back(event["content_block"]);
      input.clear();
    }
    if (event["type"] == "content_block_delta") {
      for (const auto& [name, value] : event["delta"].items()) {
        Json& block = message["content"].back();
        if (name == "partial_json") input += value.get<std::string>();
        if (name == "text" || name == "thinking")
          block[name] = block[name].get<std::string>() + value.get<std::string>();
      }
    }
    if (event["type"] == "content_block_stop" && !input.empty())
      message["content"].back()["input"] = Json::parse(input);
    if (event["type"] == "message_delta") {
      message.update(event["delta"]);
      message["usage"]["output_tokens"] = event["usage"]["output_tokens"];
    }
  }
  return message;
}

}  // namespace

TEST_CASE("thinking, text and tool_use blocks, whole and streamed") {
  Fixture fixture(kThoughtAndCall);
  const Json whole = fixture.message({{"temperature", 0}});
  CHECK(whole["stop_reason"] == "tool_use");
  REQUIRE(whole["content"].size() == 3);
  CHECK(whole["content"][0].dump() == R"({"type":"thinking","thinking":"I look.","signature":""})");
  CHECK(whole["content"][1]["text"] == "One moment.");
  CHECK(whole["content"][2]["name"] == "weather");
  CHECK(whole["content"][2]["input"]["city"] == "Ulm");
  const http::Response response = fixture.ask("/v1/messages", {{"stream", true}});
  Json streamed = joined(response.body);
  CHECK(response.body.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
  CHECK(streamed["stop_reason"] == "tool_use");
  for (Json* each : {&streamed, const_cast<Json*>(&whole)}) (*each)["content"][2].erase("id");
  CHECK(streamed["content"] == whole["content"]);
}

TEST_CASE("why an answer has ended") {
  Fixture fixture("One two three four five six seven eight");
  CHECK(fixture.message()["stop_reason"] == "end_turn");
  CHECK(fixture.message({{"max_tokens", 2}})["stop_reason"] == "max_tokens");
  CHECK(fixture.message()["usage"]["output_tokens"] > 0);
}

TEST_CASE("conversations are told as templates know them") {
  const auto parsed = parse_messages_request(Json::parse(R"({"max_tokens": 5, "system": "Be brief.",
      "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": ""},
          {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Ulm"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1",
          "content": [{"type": "text", "text": "sun"}]}, {"type": "text", "text": "So?"}]},
        {"role": "assistant", "content": "It"}]})"));
  REQUIRE(parsed.has_value());
  const Json& messages = parsed->context["messages"];
  REQUIRE(messages.size() == 5);
  CHECK(messages[0]["role"] == "system");
  CHECK(messages[2]["reasoning_content"] == "hm");
  CHECK(messages[2]["tool_calls"][0]["function"]["arguments"]["city"] == "Ulm");
  CHECK(messages[3].dump() == R"({"role":"tool","tool_call_id":"t1","content":"sun"})");
  CHECK(messages[4]["content"] == "So?");
  CHECK(parsed->prefill == "It");
}

TEST_CASE("tokens are counted without a limit of tokens") {
  Fixture fixture("x");
  const http::Response response =
      fixture.ask("/v1/messages/count_tokens", {{"max_tokens", nullptr}});
  CHECK(response.status == 200);
  CHECK(Json::parse(response.body)["input_tokens"] > 5);
}

TEST_CASE("what is wrong is refused in Anthropic's words") {
  struct Row {
    const char* members;
    const char* named;
  };
  const Row rows[] = {
      {R"({"max_tokens": null})", "max_tokens"},
      {R"({"max_tokens": 0})", "max_tokens"},
      {R"({"temperature": 1.5})", "temperature"},
      {R"({"messages": []})", "messages"},
      {R"({"messages": [{"role": "system", "content": "a"}]})", "messages.0.role"},
      {R"({"messages": [{"role": "user", "content": 5}]})", "messages.0.content"},
      {R"({"messages": [{"role": "user", "content": [{"type": "image"}]}]})",
       "messages.0.content.0.type"},
      {R"({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]})",
       "messages.0.content.0.tool_use_id"},
      {R"({"tools": [{"name": "a b", "input_schema": {}}]})", "tools.0.name"},
      {R"({"tools": [{"name": "a"}]})", "tools.0.input_schema"},
      {R"({"tools": [{"name": "a", "input_schema": {}}, {"name": "a", "input_schema": {}}]})",
       "tools.1.name"},
      {R"({"tools": [{"type": "web_search_20250305", "name": "web_search"}]})", "tools.0.type"},
      {R"({"tool_choice": {"type": "tool", "name": "nobody"}})", "tool_choice"},
      {R"({"tool_choice": {"type": "maybe"}})", "tool_choice.type"},
      {R"({"thinking": {"type": "enabled", "budget_tokens": 100}})", "thinking.budget_tokens"},
      {R"({"stop_sequences": [""]})", "stop_sequences"},
  };
  Fixture fixture("x");
  for (const Row& row : rows) {
    CAPTURE(row.members);
    const http::Response response = fixture.ask("/v1/messages", Json::parse(row.members));
    CHECK(response.status == 400);
    const Json error = Json::parse(response.body);
    CHECK(error["type"] == "error");
    CHECK(error["error"]["type"] == "invalid_request_error");
    CHECK(error["error"]["message"].get<std::string>().contains(row.named));
  }
  const http::Response missing = fixture.ask("/v1/messages", {{"model", "claude-9"}});
  CHECK(missing.status == 404);
  CHECK(Json::parse(missing.body)["error"]["type"] == "not_found_error");
}

}  // namespace mill::messages
