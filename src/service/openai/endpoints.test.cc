#include "service/openai/endpoints.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <random>

#include "service/http/server.h"
#include "service/http/test_client.h"
#include "service/inference/fake_model.h"
#include "service/inference/recorder.h"

namespace mill::openai {
namespace {

using http::Json;
using inference::testing::FakeModel;
using inference::testing::Recorder;

struct Fixture {
  std::shared_ptr<FakeModel> model;
  std::shared_ptr<inference::Host> service = std::make_shared<inference::Host>();
  http::Handler handler;
  std::atomic<uint64_t> drawn{1000};

  explicit Fixture(uint32_t context_max = 4096) : model(std::make_shared<FakeModel>(context_max)) {
    service->models.add(model);
    service->unix_time = [] { return 1234; };
    service->entropy = [this] { return ++drawn; };
    handler = http::router(routes(service));
  }

  http::Response ask(const std::string& method, const std::string& path,
                     const std::string& body = "") {
    const auto recorder = std::make_shared<Recorder>();
    handler({.method = method, .path = path, .query = "", .headers = {}, .body = body}, recorder);
    return recorder->wait();
  }
  Json post(const std::string& path, const Json& body, int status = 200) {
    const http::Response response = ask("POST", path, body.dump());
    CAPTURE(response.body);
    CHECK(response.status == status);
    return Json::parse(response.body);
  }
  Json chat(const Json& more, int status = 200) {
    return post("/v1/chat/completions", with({{"messages", messages()}}, more), status);
  }
  Json complete(const Json& more, int status = 200) {
    return post("/v1/completions", with({{"prompt", "Tea"}}, more), status);
  }
  static Json messages() { return {{{"role", "user"}, {"content", "Tea?"}}}; }
  static Json with(Json body, const Json& more) {
    for (const auto& [name, value] : more.items()) body[name] = value;
    return body;
  }
};

// "data: {…}\n\ndata: {…}\n\ndata: [DONE]\n\n" → the objects
std::vector<Json> events_of(const std::string& body) {
  std::vector<Json> events;
  size_t at = 0;
  for (;;) {
    const size_t end = body.find("\n\n", at);
    REQUIRE(end != std::string::npos);
    REQUIRE(body.compare(at, 6, "data: ") == 0);
    const std::string text = body.substr(at + 6, end - at - 6);
    at = end + 2;
    if (text == "[DONE]") break;
    events.push_back(Json::parse(text));
  }
  CHECK(at == body.size());
  return events;
}

// What a client makes of a stream: the same shape as the answer that is not streamed.
Json joined(const std::vector<Json>& events, bool chat) {
  std::map<size_t, Json> choices;
  Json usage;
  for (const Json& event : events) {
    if (event.value("usage", Json()).is_object()) usage = event["usage"];
    for (const Json& part : event["choices"]) {
      const size_t index = part["index"];
      if (!choices.contains(index))
        choices[index] = {{"text", ""}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
      Json& whole = choices[index];
      CHECK(whole["finish_reason"].is_null());
      const Json text = chat ? part["delta"].value("content", Json("")) : part["text"];
      whole["text"] = whole["text"].get<std::string>() + text.get<std::string>();
      whole["finish_reason"] = part["finish_reason"];
      if (part["logprobs"].is_null()) continue;
      if (whole["logprobs"].is_null()) whole["logprobs"] = Json::object();
      for (const auto& [name, list] : part["logprobs"].items()) {
        for (const Json& entry : list) whole["logprobs"][name].push_back(entry);
      }
    }
  }
  Json out = {{"choices", Json::array()}, {"usage", usage}};
  for (auto& [index, choice] : choices) out["choices"].push_back(choice);
  return out;
}

Json reduced(const Json& whole, bool chat) {
  Json out = {{"choices", Json::array()}, {"usage", whole["usage"]}};
  for (const Json& choice : whole["choices"]) {
    Json logprobs = choice["logprobs"];
    if (logprobs.is_object()) logprobs.erase("refusal");
    out["choices"].push_back({{"text", chat ? choice["message"]["content"] : choice["text"]},
                              {"logprobs", logprobs},
                              {"finish_reason", choice["finish_reason"]}});
  }
  return out;
}

// A random request that is valid on both endpoints but for `logprobs`.
Json random_request(std::mt19937& random, bool chat) {
  const auto below = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  Json body = {{"seed", below(1000)}, {"max_tokens", 1 + below(60)}, {"n", 1 + below(3)}};
  const std::vector<std::string> stops = {"good", "日", "本é", "tea is", "x\n", ", , "};
  if (below(2) == 0) body["stop"] = {stops[below(6)], stops[below(6)]};
  if (below(2) == 0 && chat) body["logprobs"] = true, body["top_logprobs"] = below(3);
  if (below(2) == 0 && !chat) body["logprobs"] = below(3);
  if (below(2) == 0 && !chat) body["echo"] = true;
  if (below(3) == 0 && !chat) body["prompt"] = {"one", "twö"};
  return body;
}

}  // namespace

TEST_CASE("a stream says what the answer says that is not streamed") {
  Fixture fixture;
  std::mt19937 random(5);
  for (int i = 0; i < 300; ++i) {
    const bool chat = i % 2 == 0;
    const std::string path = chat ? "/v1/chat/completions" : "/v1/completions";
    Json body = Fixture::with({{"messages", Fixture::messages()}, {"prompt", "Tea"}},
                              random_request(random, chat));
    CAPTURE(body.dump());
    const Json whole = fixture.post(path, body);
    body["stream"] = true;
    body["stream_options"] = {{"include_usage", true}};
    const http::Response response = fixture.ask("POST", path, body.dump());
    CHECK(joined(events_of(response.body), chat) == reduced(whole, chat));
  }
}

TEST_CASE("an answer has the shape that clients expect") {
  Fixture fixture;
  const Json chat = fixture.chat({{"seed", 1}, {"max_tokens", 3}, {"model", "fake"}});
  CHECK(chat["id"].get<std::string>().starts_with("chatcmpl-"));
  CHECK(chat["object"] == "chat.completion");
  CHECK(chat["created"] == 1234);
  CHECK(chat["model"] == "fake");
  CHECK(chat["system_fingerprint"].is_string());
  const Json& choice = chat["choices"][0];
  CHECK(choice["index"] == 0);
  CHECK(choice["message"]["role"] == "assistant");
  CHECK(choice["finish_reason"] == "length");
  CHECK(choice["logprobs"].is_null());
  CHECK(chat["usage"].dump() == R"({"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,)"
                                R"("prompt_tokens_details":{"cached_tokens":4},)"
                                R"("completion_tokens_details":{"reasoning_tokens":0}})");
  const Json text = fixture.complete({{"seed", 1}, {"echo", true}, {"logprobs", 2}});
  CHECK(text["object"] == "text_completion");
  CHECK(text["choices"][0]["text"].get<std::string>().starts_with("Tea"));
  CHECK(text["usage"]["completion_tokens"] == 16);
  const Json& logprobs = text["choices"][0]["logprobs"];
  CHECK(logprobs["tokens"].size() == 19);
  CHECK(logprobs["token_logprobs"][0].is_null());
  CHECK(logprobs["top_logprobs"][0].is_null());
  CHECK(logprobs["token_logprobs"][1] == -2.0);
  CHECK(logprobs["top_logprobs"][3].dump() == R"({"a":-2.5,"b":-2.5})");
  CHECK(logprobs["text_offset"][3] == 3);
}

TEST_CASE("a stream begins with the role and ends with the reason, usage and [DONE]") {
  Fixture fixture;
  const http::Response response =
      fixture.ask("POST", "/v1/chat/completions",
                  R"({"messages":[{"role":"user","content":"a"}],"max_tokens":2,"stream":true,
          "stream_options":{"include_usage":true}})");
  CHECK(response.headers[0].value.starts_with("text/event-stream"));
  const std::vector<Json> events = events_of(response.body);
  REQUIRE(events.size() == 5);
  CHECK(events[0]["object"] == "chat.completion.chunk");
  CHECK(events[0]["choices"][0]["delta"].dump() == R"({"role":"assistant","content":""})");
  CHECK(events[0]["usage"].is_null());
  CHECK(events[3]["choices"][0]["delta"].dump() == "{}");
  CHECK(events[3]["choices"][0]["finish_reason"] == "length");
  CHECK(events[4]["choices"].empty());
  CHECK(events[4]["usage"]["completion_tokens"] == 2);
  for (const Json& event : events) CHECK(event["id"] == events[0]["id"]);
}

TEST_CASE("the same seed gives the same answer, the i-th answer is that of seed + i") {
  Fixture fixture;
  const auto content = [](const Json& answer, size_t i) {
    return answer["choices"][i]["message"]["content"].get<std::string>();
  };
  const Json three = fixture.chat({{"seed", 10}, {"n", 3}});
  CHECK(content(fixture.chat({{"seed", 10}}), 0) == content(three, 0));
  CHECK(content(fixture.chat({{"seed", 12}}), 0) == content(three, 2));
  CHECK(content(three, 0) != content(three, 1));
  CHECK(content(fixture.chat({}), 0) != content(fixture.chat({}), 0));
  CHECK(three["usage"]["completion_tokens"] == 120);
  CHECK(three["usage"]["prompt_tokens"] == 9);
}

TEST_CASE("models are listed and shown, and an unknown one is told what there is") {
  Fixture fixture;
  const Json list = Json::parse(fixture.ask("GET", "/v1/models").body);
  CHECK(list["object"] == "list");
  CHECK(list["data"][0]["id"] == "fake");
  CHECK(Json::parse(fixture.ask("GET", "/v1/models/default").body)["context_length"] == 4096);
  CHECK(fixture.ask("GET", "/v1/models/a/b").status == 404);
  CHECK(Json::parse(fixture.ask("GET", "/health").body)["status"] == "ok");
  fixture.chat({{"model", "default"}});
  const Json error = fixture.chat({{"model", "gpt-5"}}, 404)["error"];
  CHECK(error["code"] == "model_not_found");
  CHECK(error["param"] == "model");
  CHECK(error["message"].get<std::string>().find("'fake'") != std::string::npos);
}

TEST_CASE("what cannot be answered is refused with its reason") {
  Fixture fixture(20);
  const Json text = fixture.complete({{"prompt", std::string(25, 'a')}}, 400)["error"];
  CHECK(text["code"] == "context_length_exceeded");
  CHECK(text["type"] == "invalid_request_error");
  CHECK(text["message"].get<std::string>().find("25") != std::string::npos);
  CHECK(text["message"].get<std::string>().find("20") != std::string::npos);
  CHECK(fixture.complete({{"prompt", {300}}}, 400)["error"]["param"] == "prompt");
  CHECK(fixture.complete({{"prompt", ""}}, 400)["error"]["param"] == "prompt");
  CHECK(fixture.complete({{"logit_bias", {{"264", 1}}}}, 400)["error"]["param"] == "logit_bias");
  const Json raised = {{"messages", {{{"role", "user"}, {"content", "!raise"}}}}};
  CHECK(fixture.chat(raised, 400)["error"]["message"] == "roles must alternate");
  const http::Response broken = fixture.ask("POST", "/v1/completions", "{\n\"a\": }");
  CHECK(broken.status == 400);
  CHECK(broken.body.find("line 2, column 6") != std::string::npos);
  CHECK(fixture.ask("GET", "/v1/completions").status == 405);
}

TEST_CASE("a full queue is 503 with Retry-After, and what was accepted of the request is undone") {
  Fixture fixture;
  fixture.model->waiting_max = 2;
  fixture.model->token_microseconds = 500;  // nothing ends of itself meanwhile
  const http::Response response =
      fixture.ask("POST", "/v1/completions",
                  R"({"prompt": "a", "n": 5, "stream": true, "max_tokens": 100000})");
  CHECK(response.status == 503);
  CHECK(response.headers.back().name == "Retry-After");
  CHECK(fixture.model->cancels == 2);
  while (fixture.model->ended < 2) std::this_thread::yield();
  fixture.complete({});
}

TEST_CASE("a generation that fails is an error, streamed or not") {
  Fixture fixture;
  fixture.model->fails = true;
  CHECK(fixture.chat({}, 500)["error"]["message"] == "the fake has failed");
  const http::Response stream =
      fixture.ask("POST", "/v1/completions", R"({"prompt": "a", "stream": true})");
  CHECK(stream.body.find(R"(data: {"error":{"message":"the fake has failed")") !=
        std::string::npos);
  CHECK(stream.body.find("[DONE]") == std::string::npos);
}

TEST_CASE("a client that goes away cancels all that it has asked for") {
  Fixture fixture;
  fixture.model->token_microseconds = 500;
  for (const char* stream : {"true", "false"}) {
    fixture.model->cancels = fixture.model->ended = 0;
    const auto recorder = std::make_shared<Recorder>();
    const std::string body =
        fmt::format(R"({{"prompt": "a", "n": 2, "max_tokens": 100000, "stream": {}}})", stream);
    fixture.handler(
        {.method = "POST", .path = "/v1/completions", .query = "", .headers = {}, .body = body},
        recorder);
    if (std::string_view(stream) == "true") recorder->wait_for_text();
    recorder->leave();
    recorder->wait();
    CHECK(fixture.model->cancels == 2);
    while (fixture.model->ended < 2) std::this_thread::yield();
  }
}

TEST_CASE("over sockets: sixty-four at once, each equal to itself alone, and one that leaves") {
  Fixture fixture;
  auto server = http::Server::listen({.port = 0}, fixture.handler);
  REQUIRE(server.has_value());
  using http::testing::Client;
  const uint16_t port = (*server)->port();
  const auto request = [](int i) {
    return http::testing::post(
        "/v1/completions",
        fmt::format(R"({{"prompt": "{}", "seed": {}, "max_tokens": 50, "stream": true}})", i, i),
        "Connection: close\r\n");
  };
  const auto texts = [](const std::string& answer) {  // what differs is the id
    std::string out;
    for (size_t at = 0; (at = answer.find("\"text\":\"", at)) != std::string::npos; ++at)
      out += answer.substr(at, answer.find("\",\"", at) - at);
    return out;
  };
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(std::make_unique<Client>(port));
    clients.back()->send(request(i));
  }
  std::vector<std::string> together;
  for (auto& client : clients) together.push_back(texts(client->all()));
  for (int i = 0; i < 64; ++i) {
    Client alone(port);
    alone.send(request(i));
    CHECK(texts(alone.all()) == together[static_cast<size_t>(i)]);
    CHECK_FALSE(together[static_cast<size_t>(i)].empty());
  }
  fixture.model->token_microseconds = 500;
  fixture.model->cancels = 0;
  Client leaving(port);
  leaving.send(http::testing::post("/v1/completions",
                                   R"({"prompt": "a", "max_tokens": 100000, "stream": true})"));
  leaving.until("data: ");
  leaving.leave();
  while (fixture.model->cancels < 1) std::this_thread::yield();
}

}  // namespace mill::openai
