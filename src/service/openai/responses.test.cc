// The Responses API against a model that says what it is told to say.

#include "service/openai/responses.h"

#include <doctest/doctest.h>

#include "service/inference/scripted_server.h"
#include "service/openai/response_store.h"

namespace mill::openai {
namespace {

constexpr const char* kThoughtAndCall =
    "<think>Hm.</think>Well.<tool_call>{\"name\": \"weather\", \"arguments\": {\"a\": 1}}"
    "</tool_call>";

struct Fixture : inference::testing::ScriptedServer {
  explicit Fixture(std::string script) : ScriptedServer(std::move(script), responses_routes) {}
  http::Response ask(const Json& more) {
    Json body = Json::parse(R"({"model": "fake", "input": "Tea?",
        "tools": [{"type": "function", "name": "weather", "parameters": {}}]})");
    body.update(more);
    return send("POST", "/v1/responses", body.dump());
  }
  Json response(const Json& more = Json::object()) {
    const http::Response got = ask(more);
    CAPTURE(got.body);
    REQUIRE(got.status == 200);
    return Json::parse(got.body);
  }
};

std::vector<Json> events_of(const std::string& body) {
  std::vector<Json> events;
  for (size_t at = 0; (at = body.find("data: ", at)) != std::string::npos; ++at)
    events.push_back(Json::parse(body.substr(at + 6, body.find("\n\n", at) - at - 6)));
  return events;
}

Json without_ids(Json output) {
  for (Json& item : output) {
    item.erase("id");
    item.erase("call_id");
  }
  return output;
}

}  // namespace

TEST_CASE("reasoning, message and function_call items, whole and streamed") {
  Fixture fixture(kThoughtAndCall);
  const Json whole = fixture.response();
  REQUIRE(whole["output"].size() == 3);
  CHECK(whole["status"] == "completed");
  CHECK(whole["output"][0]["content"][0]["text"] == "Hm.");
  CHECK(whole["output"][1]["content"][0]["text"] == "Well.");
  CHECK(whole["output"][2]["arguments"] == "{\"a\": 1}");
  const std::vector<Json> events = events_of(fixture.ask({{"stream", true}}).body);
  Json items = Json::array(), deltas = Json::array();
  for (size_t i = 0; i < events.size(); ++i) {
    CHECK(events[i]["sequence_number"] == i);
    if (events[i]["type"] == "response.output_item.done") items.push_back(events[i]["item"]);
    if (events[i]["type"] == "response.output_item.added") deltas.push_back("");
    if (!events[i].contains("delta")) continue;
    Json& text = deltas[events[i]["output_index"].get<size_t>()];
    text = text.get<std::string>() + events[i]["delta"].get<std::string>();
  }
  CHECK(deltas.dump() == R"(["Hm.","Well.","{\"a\": 1}"])");
  CHECK(events.front()["type"] == "response.created");
  CHECK(events.back()["type"] == "response.completed");
  CHECK(events.back()["response"]["output"] == items);
  CHECK(without_ids(items) == without_ids(whole["output"]));
}

TEST_CASE("a response is kept, gone on from, and deleted") {
  Fixture fixture("Fine.");
  const Json first = fixture.response();
  const std::string id = first["id"];
  CHECK(Json::parse(fixture.send("GET", "/v1/responses/" + id).body) == first);
  const Json items = Json::parse(fixture.send("GET", "/v1/responses/" + id + "/input_items").body);
  CHECK(items["data"][0]["content"][0]["text"] == "Tea?");
  const Json second = fixture.response({{"previous_response_id", id}, {"instructions", "Rhyme."}});
  CHECK(second["usage"]["input_tokens"] > first["usage"]["input_tokens"]);
  CHECK(Json::parse(fixture.send("DELETE", "/v1/responses/" + id).body)["deleted"] == true);
  CHECK(fixture.send("GET", "/v1/responses/" + id).status == 404);
  CHECK(fixture.ask({{"previous_response_id", id}}).status == 400);
  const Json unkept = fixture.response({{"store", false}});
  CHECK(fixture.send("GET", "/v1/responses/" + unkept["id"].get<std::string>()).status == 404);
}

TEST_CASE("in the background, to its end or until it is cancelled") {
  Fixture fixture("Fine.");
  const auto status_of = [&](const std::string& id) {
    return Json::parse(fixture.send("GET", "/v1/responses/" + id).body)["status"];
  };
  const std::string done = fixture.response({{"background", true}})["id"];
  while (status_of(done) == "in_progress") std::this_thread::yield();
  CHECK(status_of(done) == "completed");
  fixture.model->script.clear();
  fixture.model->token_microseconds = 500;
  const Json started = fixture.response({{"background", true}, {"max_output_tokens", 100000}});
  CHECK(started["status"] == "queued");
  const std::string id = started["id"];
  CHECK(Json::parse(fixture.send("POST", "/v1/responses/" + id + "/cancel").body)["status"] ==
        "cancelled");
  while (status_of(id) == "in_progress") std::this_thread::yield();
  CHECK(status_of(id) == "cancelled");
}

TEST_CASE("calls and their results go back in as items") {
  Fixture fixture("Sunny.");
  const Json input = Json::parse(R"([
      {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
      {"type": "reasoning", "id": "rs_1", "summary": [],
       "content": [{"type": "reasoning_text", "text": "hm"}]},
      {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{\"a\": 1}"},
      {"type": "function_call_output", "call_id": "c1", "output": "sun"}])");
  CHECK(fixture.response({{"input", input}})["output"][0]["content"][0]["text"] == "Sunny.");
  CHECK(fixture.response({{"max_output_tokens", 1}})["incomplete_details"]["reason"] ==
        "max_output_tokens");
}

TEST_CASE("a budget of thoughts, as clients send it") {
  Fixture fixture("<think>Hm.</think>Well.");
  fixture.response({{"reasoning", {{"effort", "low"}}}});
  CHECK(fixture.model->thoughts_max == 0);  // an effort is the template's matter
  fixture.response({{"reasoning", {{"effort", "low"}, {"max_tokens", 7}}}});
  CHECK(fixture.model->thoughts_max == 7);
  fixture.response({{"thinking_token_budget", 9}});
  CHECK(fixture.model->thoughts_max == 9);
}

TEST_CASE("what is wrong is refused by its place") {
  struct Row {
    const char* members;
    const char* param;
  };
  const Row rows[] = {
      {R"({"input": null})", "input"},
      {R"({"input": []})", "input"},
      {R"({"input": [{"role": "critic", "content": "a"}]})", "input[0].role"},
      {R"({"input": [{"type": "item_reference", "id": "a"}]})", "input[0].type"},
      {R"({"input": [{"role": "user", "content": [{"type": "input_image"}]}]})",
       "input[0].content[0]"},
      {R"({"input": [{"type": "function_call", "name": "a"}]})", "input[0].call_id"},
      {R"({"max_output_tokens": 0})", "max_output_tokens"},
      {R"({"tools": [{"type": "web_search"}]})", "tools[0].type"},
      {R"({"tools": [{"type": "function", "name": ""}]})", "tools[0].name"},
      {R"({"tool_choice": {"type": "function", "name": "nobody"}})", "tool_choice"},
      {R"({"reasoning": {"effort": "heroic"}})", "reasoning.effort"},
      {R"({"reasoning": {"max_tokens": 0}})", "reasoning.max_tokens"},
      {R"({"thinking_token_budget": "all"})", "thinking_token_budget"},
      {R"({"background": true, "stream": true})", "background"},
  };
  Fixture fixture("x");
  for (const Row& row : rows) {
    CAPTURE(row.members);
    const http::Response response = fixture.ask(Json::parse(row.members));
    CHECK(response.status == 400);
    CHECK(Json::parse(response.body)["error"]["param"] == row.param);
  }
}

TEST_CASE("the store forgets the oldest first") {
  ResponseStore store;
  for (int i = 0; i < 5000; ++i)
    store.put(std::to_string(i), {.response = i, .input_items = {}, .messages = {}});
  CHECK_FALSE(store.find("0").has_value());
  CHECK(store.find("4999")->response == 4999);
  CHECK_FALSE(store.erase("0"));
  store.put("big", {.response = std::string(65 << 20, 'a'), .input_items = {}, .messages = {}});
  CHECK_FALSE(store.find("4999").has_value());
  CHECK(store.find("big").has_value());
}

}  // namespace mill::openai
