// Tools and thoughts over /v1/chat/completions, with a model that says what it is told to say.

#include <doctest/doctest.h>

#include "service/inference/scripted_server.h"
#include "service/openai/endpoints.h"

namespace mill::openai {
namespace {

using http::Json;

constexpr const char* kTwoCalls =
    "<think>\nI look.\n</think>\n\nOne moment.\n<tool_call>\n{\"name\": \"weather\", "
    "\"arguments\": "
    "{\"city\": \"Ulm\"}}\n</tool_call>\n<tool_call>\n{\"name\": \"time\"}\n</tool_call>";

struct Fixture : inference::testing::ScriptedServer {
  explicit Fixture(std::string script, const char* chat_template = "{{ tools }}<think></think>")
      : ScriptedServer(std::move(script), routes, chat_template) {}

  http::Response ask(const Json& more) {
    Json body = {{"messages", {{{"role", "user"}, {"content", "Tea?"}}}}, {"tools", tools()}};
    for (const auto& [name, value] : more.items()) body[name] = value;
    return send("POST", "/v1/chat/completions", body.dump());
  }
  Json choice(const Json& more = Json::object()) {
    const http::Response response = ask(more);
    CAPTURE(response.body);
    REQUIRE(response.status == 200);
    return Json::parse(response.body)["choices"][0];
  }
  static Json tools() {
    return Json::parse(R"([
        {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}},
        {"type": "function", "function": {"name": "time"}}])");
  }
};

void append(Json& all, const Json& more) { all = all.get<std::string>() + more.get<std::string>(); }

void add_calls(Json& calls, const Json& parts) {
  for (const Json& part : parts) {
    const size_t index = part["index"];
    REQUIRE(index <= calls.size());
    if (index == calls.size()) {
      calls.push_back(part);
      continue;
    }
    CHECK_FALSE(part.contains("id"));
    append(calls[index]["function"]["arguments"], part["function"]["arguments"]);
  }
}

// What a client that follows OpenAI's rules puts together.
Json joined(const std::string& body) {
  Json message = {{"content", ""}, {"reasoning_content", ""}, {"tool_calls", Json::array()}};
  for (size_t at = 0; (at = body.find("data: {", at)) != std::string::npos; ++at) {
    const Json chunk = Json::parse(body.substr(at + 6, body.find("\n\n", at) - at - 6));
    const Json& choice = chunk["choices"][0];
    if (!choice["finish_reason"].is_null()) message["finish_reason"] = choice["finish_reason"];
    for (const auto& [name, value] : choice["delta"].items()) {
      if (name == "tool_calls") add_calls(message["tool_calls"], value);
      if (name == "content" || name == "reasoning_content") append(message[name], value);
    }
  }
  return message;
}

}  // namespace

TEST_CASE("thoughts, text and calls are told apart") {
  Fixture fixture(kTwoCalls);
  const Json choice = fixture.choice();
  const Json& message = choice["message"];
  CHECK(choice["finish_reason"] == "tool_calls");
  CHECK(message["reasoning_content"] == "I look.");
  CHECK(message["content"] == "One moment.");
  REQUIRE(message["tool_calls"].size() == 2);
  CHECK(message["tool_calls"][0]["function"].dump() ==
        R"({"name":"weather","arguments":"{\"city\": \"Ulm\"}"})");
  CHECK(message["tool_calls"][1]["function"]["arguments"] == "{}");
  CHECK(message["tool_calls"][0]["id"] != message["tool_calls"][1]["id"]);
}

TEST_CASE("a stream of calls is the answer that is not streamed, whatever the tokens' edges") {
  for (int seed = 0; seed < 20; ++seed) {
    Fixture fixture(kTwoCalls);
    const Json choice = fixture.choice({{"seed", seed}});
    const Json streamed = joined(fixture.ask({{"seed", seed}, {"stream", true}}).body);
    CHECK(streamed["content"] == choice["message"]["content"]);
    CHECK(streamed["reasoning_content"] == choice["message"]["reasoning_content"]);
    CHECK(streamed["finish_reason"] == choice["finish_reason"]);
    for (size_t i = 0; i < 2; ++i)
      CHECK(streamed["tool_calls"][i]["function"] ==
            choice["message"]["tool_calls"][i]["function"]);
  }
}

TEST_CASE("without parallel calls the answer ends with the first one") {
  for (const bool stream : {false, true}) {
    Fixture fixture(kTwoCalls);
    const http::Response response =
        fixture.ask({{"parallel_tool_calls", false}, {"stream", stream}});
    const Json message =
        stream ? joined(response.body) : Json::parse(response.body)["choices"][0]["message"];
    CHECK(message["tool_calls"].size() == 1);
    if (stream) CHECK(message["finish_reason"] == "tool_calls");
  }
}

TEST_CASE("a call that has to be made is begun for the model") {
  Fixture fixture("{\"city\": \"Ulm\"}}\n</tool_call> and more");
  const Json choice = fixture.choice(
      {{"tool_choice", {{"type", "function"}, {"function", {{"name", "weather"}}}}}});
  CHECK(choice["message"]["content"].is_null());
  CHECK(choice["message"]["tool_calls"][0]["function"].dump() ==
        R"({"name":"weather","arguments":"{\"city\": \"Ulm\"}"})");
  Fixture free("time\", \"arguments\": {}}\n</tool_call>");
  CHECK(free.choice({{"tool_choice",
                      "required"}})["message"]["tool_calls"][0]["function"]["name"] == "time");
}

TEST_CASE("no tools, no calls: the same words are text") {
  Fixture fixture(kTwoCalls);
  const Json choice = fixture.choice({{"tool_choice", "none"}});
  CHECK(choice["finish_reason"] == "stop");
  CHECK(choice["message"]["content"].get<std::string>().contains("<tool_call>"));
  CHECK_FALSE(choice["message"].contains("tool_calls"));
}

TEST_CASE("a call cut short says length, and what there is of it") {
  Fixture fixture(kTwoCalls);
  const Json choice = fixture.choice({{"max_tokens", 34}});
  CHECK(choice["finish_reason"] == "length");
}

TEST_CASE("thinking is switched off even where the template does not know how") {
  Fixture fixture("Yes.");
  fixture.model->prompt_end = "<think>\n";
  CHECK(fixture.choice()["message"]["reasoning_content"] == "Yes.");
  for (const Json& off : {Json{{"reasoning_effort", "none"}},
                          Json{{"chat_template_kwargs", {{"enable_thinking", false}}}}})
    CHECK(fixture.choice(off)["message"]["content"] == "Yes.");
}

TEST_CASE("a conversation with calls and results goes to models that know of none") {
  Fixture fixture("Fine.", "no such thing");
  const Json messages = Json::parse(R"([
      {"role": "user", "content": "Weather?"},
      {"role": "assistant", "content": null, "tool_calls": [{"id": "a", "type": "function",
        "function": {"name": "weather", "arguments": "{\"city\": \"Ulm\"}"}}]},
      {"role": "tool", "tool_call_id": "a", "content": "sun"}])");
  CHECK(fixture.choice({{"messages", messages}})["message"]["content"] == "Fine.");
}

TEST_CASE("calls are held to their tools from the beginning, or from where the model opens them") {
  const Json kRequired = {{"tool_choice", "required"}}, kNone = {{"tool_choice", "none"}},
             kNoTools = {{"tools", Json::array()}},
             kFormat = {{"response_format", {{"type", "json_object"}}}};
  struct Row {
    Json more;
    bool constrained, lazy;
  };
  Fixture fixture("x");
  for (const Row& row :
       {Row{Json::object(), true, true}, Row{kRequired, true, false}, Row{kNone, false, false},
        Row{kNoTools, false, false}, Row{kFormat, true, false}}) {
    CAPTURE(row.more);
    fixture.choice(row.more);
    CHECK(fixture.model->constrained == row.constrained);
    CHECK(fixture.model->lazy == row.lazy);
  }
}

TEST_CASE("what a grammar cannot say of a tool is refused if it is strict, with its path") {
  Fixture fixture("x");
  Json tools = Json::parse(R"([{"type": "function", "function": {"name": "f", "parameters": {
      "type": "object", "properties": {"q": {"type": "string", "pattern": "(a)\\1"}}}}}])");
  for (const char* choice : {"auto", "required"}) {
    tools[0]["function"]["strict"] = false;
    CHECK(fixture.ask({{"tools", tools}, {"tool_choice", choice}}).status == 200);
    tools[0]["function"]["strict"] = true;
    const http::Response refused = fixture.ask({{"tools", tools}, {"tool_choice", choice}});
    CHECK(refused.status == 400);
    CHECK(refused.body.contains("'f'"));
    CHECK(refused.body.contains("#/properties/q"));
  }
  tools[0]["function"]["parameters"] =
      Json::parse(R"({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}})");
  const http::Response endless = fixture.ask({{"tools", tools}});
  CHECK(endless.status == 400);  // no object is one, so the tool could never be called
  CHECK(endless.body.contains("'f'"));
}

TEST_CASE("tools that are wrong are refused by their place") {
  struct Row {
    const char* members;
    const char* param;
  };
  const std::string long_name(65, 'a');
  const std::string too_long =
      R"({"tools": [{"type": "function", "function": {"name": ")" + long_name + R"("}}]})";
  const Row rows[] = {
      {R"({"tools": [{"type": "function", "function": {"name": "a b"}}]})",
       "tools[0].function.name"},
      {R"({"tools": [{"type": "function", "function": {"name": ""}}]})", "tools[0].function.name"},
      {R"({"tools": [{"type": "function", "function": {"name": 5}}]})", "tools[0].function.name"},
      {too_long.c_str(), "tools[0].function.name"},
      {R"({"tools": [{"type": "function", "function": {"name": "a"}},
                     {"type": "function", "function": {"name": "a"}}]})",
       "tools[1].function.name"},
      {R"({"tools": [{"type": "function", "function": {"name": "a", "parameters": []}}]})",
       "tools[0].function.parameters"},
      {R"({"tools": [], "tool_choice": "required"})", "tool_choice"},
      {R"({"tool_choice": {"type": "function", "function": {"name": "nobody"}}})", "tool_choice"},
      {R"({"tool_choice": "sometimes"})", "tool_choice"},
      {R"({"reasoning_effort": "heroic"})", "reasoning_effort"},
      {R"({"messages": [{"role": "tool", "content": "a"}]})", "messages[0].tool_call_id"},
      {R"({"messages": [{"role": "user", "content": "a", "tool_calls": [{"id": "a"}]}]})",
       "messages[0].tool_calls"},
      {R"({"messages": [{"role": "assistant", "tool_calls": [5]}]})", "messages[0].tool_calls[0]"},
  };
  Fixture fixture("x");
  for (const Row& row : rows) {
    CAPTURE(row.members);
    const http::Response response = fixture.ask(Json::parse(row.members));
    CHECK(response.status == 400);
    CHECK(Json::parse(response.body)["error"]["param"] == row.param);
  }
}

}  // namespace mill::openai
