#include <doctest/doctest.h>

#include "base/scratch_folder.h"
#include "base/utc.h"
#include "service/http/lane.h"
#include "service/inference/scripted_server.h"
#include "service/ledger/bill.h"
#include "service/messages/endpoints.h"
#include "service/ollama/endpoints.h"
#include "service/openai/endpoints.h"
#include "service/operations/endpoints.h"
#include "service/tenants/gate.h"

namespace mill::tenants {
namespace {

using inference::testing::Recorder;
using inference::testing::ScriptedServer;
using nlohmann::json;
namespace fs = std::filesystem;

void replace(const fs::path& path, const std::string& text) {
  const fs::path fresh = path.string() + ".fresh";
  std::ofstream(fresh) << text;
  fs::rename(fresh, path);
}

template <class T>
std::shared_ptr<WatchedFile<T>> watched(const fs::path& path) {
  auto file = WatchedFile<T>::open(path, [](const std::string& text) { return T::parse(text); });
  REQUIRE_MESSAGE(file.has_value(), (file ? "" : file.error().message));
  return *file;
}

std::vector<http::Route> all_routes(const std::shared_ptr<inference::Host>& host) {
  std::vector<http::Route> routes = openai::routes(host);
  for (const auto& more : {messages::routes(host), ollama::routes(host), operations::routes(host)})
    routes.insert(routes.end(), more.begin(), more.end());
  return routes;
}

Key key_for(const char* secret, const char* tenant) {
  return {.id = std::string("key_") + tenant,
          .tenant = tenant,
          .name = "test",
          .sha256 = sha256_of_text(secret),
          .scopes = {"inference"},
          .created = 1};
}

// A whole service behind a gate, at the time 1234.
struct Guarded {
  fs::path folder;
  ScriptedServer server{"tea", [](const auto& host) { return all_routes(host); }};
  KeyRing ring;
  std::shared_ptr<ledger::Ledger> ledger;
  http::Handler handler;

  explicit Guarded(const char* name, const char* limits = "{}")
      : folder(test_data::empty_folder(name)) {
    ring.keys = {key_for("sk-a", "acme"),  key_for("sk-old", "acme"), key_for("sk-gone", "acme"),
                 key_for("sk-ops", "ops"), key_for("sk-b", "beta"),   key_for("sk-admin", "ops")};
    ring.keys[1].expires = 1000;
    ring.keys[2].revoked = 1200;
    ring.keys[3].scopes = {"metrics"};
    ring.keys[5].scopes = {"admin"};
    replace(folder / "keys", ring.json());
    replace(folder / "limits", limits);
    replace(folder / "prices", R"({"default": {"prompt": 1, "answer": 2}})");
    const auto prices = watched<ledger::Prices>(folder / "prices");
    const auto quotas = Quotas::make({.limits = watched<Limits>(folder / "limits"),
                                      .prices = prices,
                                      .unix_time = [] { return int64_t{1234}; }});
    auto opened =
        ledger::Ledger::open({.where = folder / "ledger",
                              .prices = prices,
                              .charged = [quotas](const ledger::Charge& it) { quotas->add(it); }});
    REQUIRE(opened.has_value());
    server.host->meter = ledger = *opened;
    server.host->budget = quotas;
    handler = gated({.keys = watched<KeyRing>(folder / "keys"),
                     .quotas = quotas,
                     .ledger = ledger,
                     .unix_time = [] { return int64_t{1234}; }},
                    server.handler);
  }

  http::Response send(const char* method, const char* path, std::vector<http::Header> headers,
                      const std::string& body = "") {
    const auto recorder = std::make_shared<Recorder>();
    handler({.method = method, .path = path, .query = "", .headers = headers, .body = body},
            recorder);
    return recorder->wait();
  }
  http::Response complete(const char* secret, const char* body = R"({"prompt": "abcd"})") {
    return send("POST", "/v1/completions", {{"Authorization", std::string("Bearer ") + secret}},
                body);
  }
};

std::string header(const http::Response& response, std::string_view name) {
  for (const http::Header& it : response.headers) {
    if (it.name == name) return it.value;
  }
  return "";
}

}  // namespace

TEST_CASE("a key opens what it is for, by either header") {
  Guarded it("gate_keys");
  CHECK(it.complete("sk-a").status == 200);
  CHECK(it.send("GET", "/v1/models", {{"x-api-key", "sk-a"}}).status == 200);
  CHECK(it.send("GET", "/v1/models", {{"Authorization", "bearer sk-a"}}).status == 200);
  CHECK(it.send("GET", "/metrics", {{"x-api-key", "sk-ops"}}).status == 200);
  CHECK(it.send("GET", "/metrics", {{"x-api-key", "sk-a"}}).status == 403);
  CHECK(it.complete("sk-ops").status == 403);
  CHECK(it.send("GET", "/is_sleeping", {{"x-api-key", "sk-ops"}}).status == 200);
  for (const char* order : {"/sleep", "/wake_up"}) {
    CHECK(it.send("POST", order, {{"x-api-key", "sk-admin"}}).status == 200);
    CHECK(it.send("POST", order, {{"x-api-key", "sk-ops"}}).status == 403);
    CHECK(it.send("POST", order, {{"x-api-key", "sk-a"}}).status == 403);
    CHECK(it.send("POST", order, {}).status == 401);
  }
  CHECK(it.complete("sk-admin").status == 403);
  for (const char* open : {"/health", "/v1/version", "/v1/license"})
    CHECK(it.send("GET", open, {}).status == 200);
  for (const char* wrong : {"sk-", "sk-old", "sk-gone", "sk-a ", "SK-A"}) {
    CAPTURE(wrong);
    const http::Response refused = it.complete(wrong);
    CHECK(refused.status == 401);
    CHECK(refused.body.find("sk-") == std::string::npos);  // no secret comes back
    CHECK(header(refused, "WWW-Authenticate") == "Bearer realm=\"tokenmill\"");
  }
  CHECK(it.complete("sk-old").body.find("expired on 1970-01-01T00:16:40Z") != std::string::npos);
}

TEST_CASE("a body goes through the gate, the lane and the table of paths without a copy") {
  const void* arrived = nullptr;
  std::string tenant;
  const http::Handler table =
      http::router({{"POST", "/v1/files", [&](const http::Request& request, const auto& exchange) {
                       arrived = request.body.data();
                       tenant = request.caller.tenant;
                       exchange->respond({});
                     }}});
  KeyRing ring;
  ring.keys = {key_for("sk-a", "acme")};
  const fs::path folder = test_data::empty_folder("gate_no_copy");
  replace(folder / "keys", ring.json());
  http::Lane lane(1);
  const http::Handler handler =
      gated({.keys = watched<KeyRing>(folder / "keys"), .unix_time = [] { return int64_t{1234}; }},
            lane.wrap(table, [](const http::Request&) { return true; }));
  std::string body(1'000'000, 'x');
  const void* const sent = body.data();
  const auto recorder = std::make_shared<Recorder>();
  handler({.method = "POST",
           .path = "/v1/files",
           .query = "",
           .headers = {{"x-api-key", "sk-a"}},
           .body = std::move(body)},
          recorder);
  CHECK(recorder->wait().status == 200);
  CHECK(arrived == sent);
  CHECK(tenant == "acme");
}

TEST_CASE("refusals speak the path's dialect") {
  Guarded it("gate_dialects");
  const auto openai = json::parse(it.send("POST", "/v1/chat/completions", {}, "{}").body);
  CHECK(openai["error"]["code"] == "invalid_api_key");
  CHECK(openai["error"]["type"] == "invalid_request_error");
  const auto anthropic = json::parse(it.send("POST", "/v1/messages", {}, "{}").body);
  CHECK(anthropic["type"] == "error");
  CHECK(anthropic["error"]["type"] == "authentication_error");
  const auto lacking =
      json::parse(it.send("POST", "/v1/messages", {{"x-api-key", "sk-ops"}}, "{}").body);
  CHECK(lacking["error"]["type"] == "permission_error");
  const auto ollama = json::parse(it.send("POST", "/api/chat", {}, "{}").body);
  CHECK(ollama["error"].is_string());
}

TEST_CASE("keys come and go while the server runs") {
  Guarded it("gate_reload");
  CHECK(it.complete("sk-new").status == 401);
  it.ring.keys.push_back(key_for("sk-new", "gamma"));
  it.ring.keys[0].revoked = 1;
  replace(it.folder / "keys", it.ring.json());
  CHECK(it.complete("sk-new").status == 200);
  CHECK(it.complete("sk-a").status == 401);
  replace(it.folder / "keys", "{ half");
  CHECK(it.complete("sk-new").status == 200);
}

TEST_CASE("what a request used is in the ledger before its client has the answer") {
  Guarded it("gate_meter");
  const http::Response whole = it.complete("sk-a", R"({"prompt": "abcd", "n": 2})");
  REQUIRE(whole.status == 200);
  const auto usage = json::parse(whole.body)["usage"];
  const auto rows = ledger::bill({.ledger = it.folder / "ledger"});
  REQUIRE(rows->size() == 1);
  CHECK(rows->front().tenant == "acme");
  CHECK(rows->front().prompt == usage["prompt_tokens"].get<int64_t>());
  CHECK(rows->front().answer == usage["completion_tokens"].get<int64_t>());
  CHECK(rows->front().nanoeuros == 1000 * rows->front().prompt + 2000 * rows->front().answer);
  CHECK(header(whole, "X-Request-Id").starts_with("req_"));
  const auto streamed = it.complete("sk-b", R"({"prompt": "abcd", "stream": true})");
  CHECK(streamed.body.ends_with("data: [DONE]\n\n"));
  CHECK(ledger::bill({.ledger = it.folder / "ledger", .tenant = "beta"})->size() == 1);
  const auto embedded =
      it.send("POST", "/v1/embeddings", {{"x-api-key", "sk-b"}}, R"({"input": ["abc", "de"]})");
  CHECK(header(embedded, "X-Request-Id").starts_with("req_"));
  CHECK(ledger::bill({.ledger = it.folder / "ledger", .tenant = "beta"})->front().prompt == 9);
}

TEST_CASE("a client that has vanished pays for what it has got, and one that we failed does not") {
  Guarded it("gate_vanished");
  it.server.model->script = "";
  it.server.model->token_microseconds = 500;
  const auto recorder = std::make_shared<Recorder>();
  it.handler({.method = "POST",
              .path = "/v1/completions",
              .query = "",
              .headers = {{"x-api-key", "sk-a"}},
              .body = R"({"prompt": "abcd", "stream": true, "max_tokens": 4000})"},
             recorder);
  recorder->wait_for_text();
  recorder->leave();
  while (it.ledger->stats().records < 1) std::this_thread::yield();
  auto rows = ledger::bill({.ledger = it.folder / "ledger"});
  REQUIRE(rows->size() == 1);
  CHECK(rows->front().answer >= 1);
  CHECK(rows->front().answer < 4000);
  it.server.model->fails = true;
  CHECK(it.complete("sk-b").status == 500);
  while (it.ledger->stats().records < 2) std::this_thread::yield();
  CHECK(ledger::bill({.ledger = it.folder / "ledger", .tenant = "beta"})->empty());
}

TEST_CASE("an answer that cannot be recorded is withheld, and no other is begun") {
  Guarded it("gate_broken");
  const auto other = ledger::open_database(it.folder / "ledger", {});
  REQUIRE((*other)->query("BEGIN IMMEDIATE"));
  const http::Response withheld = it.complete("sk-a");  // after the ledger's patience
  CHECK(withheld.status == 500);
  CHECK(withheld.body.find("ledger") != std::string::npos);
  while (it.ledger->stats().working) std::this_thread::yield();
  CHECK(it.complete("sk-a").status == 503);
  CHECK(it.send("POST", "/tokenize", {{"x-api-key", "sk-a"}}, R"({"content": "a"})").status == 200);
  REQUIRE((*other)->query("COMMIT"));
  while (!it.ledger->stats().working) std::this_thread::yield();
  CHECK(it.complete("sk-a").status == 200);
}

TEST_CASE("a tenant that has used up its quota waits, and the others do not") {
  Guarded it("gate_quota", R"({"tenants": {"acme": {"tokens_per_minute": 6},
                                          "beta": {"euros_per_month": 0.000008}}})");
  const auto complete = [&](const char* secret) {
    return it.complete(secret, R"({"prompt": "abcd", "max_tokens": 2})");
  };
  it.server.model->script = "";
  CHECK(complete("sk-a").status == 200);
  const http::Response refused = complete("sk-a");
  CHECK(refused.status == 429);
  CHECK(header(refused, "Retry-After") == "26");  // 1260 - 1234
  CHECK(json::parse(refused.body)["error"]["code"] == "rate_limit_exceeded");
  CHECK(it.send("GET", "/v1/models", {{"x-api-key", "sk-a"}}).status == 200);
  CHECK(it.send("POST", "/tokenize", {{"x-api-key", "sk-a"}}, R"({"content": "a"})").status == 200);
  CHECK(complete("sk-b").status == 200);
  const http::Response broke = complete("sk-b");
  CHECK(broke.status == 429);
  CHECK(json::parse(broke.body)["error"]["code"] == "insufficient_quota");
  replace(it.folder / "limits", R"({"default": {"tokens_per_minute": 1000000}})");
  CHECK(complete("sk-a").status == 200);
}

TEST_CASE("the engine knows whose request it is, and what its headers wish") {
  Guarded service("wishes");
  const auto complete = [&](std::vector<http::Header> headers) {
    headers.push_back({"Authorization", "Bearer sk-b"});
    return service.send("POST", "/v1/completions", headers, R"({"prompt": "abcd"})");
  };
  CHECK(complete({{"X-Priority", "-7"}, {"X-Queue-Timeout", "2.5"}}).status == 200);
  const llm::Admission& seen = service.server.model->admission;
  CHECK(seen.tenant == "beta");
  CHECK(seen.priority == -7);
  CHECK(seen.queue_ns_max == 2'500'000'000);
  service.server.host->queue_ms_max = 60'000;
  CHECK(complete({}).status == 200);
  CHECK(seen.priority == 0);
  CHECK(seen.queue_ns_max == 60'000'000'000);
  for (const http::Header& wrong : {http::Header{"X-Priority", "high"},
                                    {"X-Priority", "101"},
                                    {"X-Queue-Timeout", "0"},
                                    {"X-Queue-Timeout", "nan"},
                                    {"X-Queue-Timeout", "1 s"}}) {
    CAPTURE(wrong.value);
    const http::Response refused = complete({wrong});
    CHECK(refused.status == 400);
    CHECK(refused.body.find("'" + wrong.name + "' must be") != std::string::npos);
  }
}

TEST_CASE("a restart forgets no use") {
  Guarded it("gate_restart", R"({"default": {"tokens_per_day": 6}})");
  it.server.model->script = "";
  CHECK(it.complete("sk-a", R"({"prompt": "abcd", "max_tokens": 2})").status == 200);
  int64_t now = 1234;
  const auto fresh = Quotas::make(
      {.limits = watched<Limits>(it.folder / "limits"), .unix_time = [&now] { return now; }});
  CHECK_FALSE(fresh->check("acme").has_value());
  REQUIRE(fresh->load(*it.ledger));
  CHECK(fresh->check("acme").has_value());
  CHECK_FALSE(fresh->check("beta").has_value());
  now += 86'400;
  CHECK_FALSE(fresh->check("acme").has_value());
}

TEST_CASE("windows are those of the calendar, in UTC") {
  const int64_t leap_day = *utc_of("2028-02-29T23:59:59Z");
  CHECK(window_at(Window::minute, leap_day).ends == leap_day + 1);
  CHECK(window_at(Window::day, leap_day).began == *utc_of("2028-02-29"));
  CHECK(window_at(Window::month, leap_day).began == *utc_of("2028-02-01"));
  CHECK(window_at(Window::month, leap_day).ends == *utc_of("2028-03-01"));
  CHECK(window_at(Window::month, *utc_of("2028-12-31")).ends == *utc_of("2029-01-01"));
}

TEST_CASE("what is wrong with limits is told") {
  for (const char* wrong :
       {"[]", R"({"default": {"tokens_per_minute": 1.5}})", R"({"default": {"tokens": 5}})",
        R"({"tenants": {"a": {"euros_per_day": -1}}})", R"({"tenant": {}})"})
    CHECK_FALSE(Limits::parse(wrong).has_value());
}

TEST_CASE("a tenant's responses are nobody else's") {
  Guarded it("gate_responses");
  const std::string body = R"({"input": "a"})";
  const auto made = it.send("POST", "/v1/responses", {{"x-api-key", "sk-a"}}, body);
  REQUIRE(made.status == 200);
  const std::string id = json::parse(made.body)["id"], path = "/v1/responses/" + id;
  CHECK(it.send("GET", path.c_str(), {{"x-api-key", "sk-b"}}).status == 404);
  CHECK(it.send("DELETE", path.c_str(), {{"x-api-key", "sk-b"}}).status == 404);
  const std::string next = json({{"input", "b"}, {"previous_response_id", id}}).dump();
  CHECK(it.send("POST", "/v1/responses", {{"x-api-key", "sk-b"}}, next).status == 400);
  CHECK(it.send("POST", "/v1/responses", {{"x-api-key", "sk-a"}}, next).status == 200);
  CHECK(it.send("GET", path.c_str(), {{"x-api-key", "sk-a"}}).status == 200);
}

TEST_CASE("what is wrong with a file of keys is told") {
  for (const char* wrong :
       {"{}", R"({"keys": [1]})", R"({"keys": [{"id": "a", "tenant": "b c"}]})"})
    CHECK_FALSE(KeyRing::parse(wrong).has_value());
  Key key = key_for("sk", "t");
  key.scopes = {"everything"};
  CHECK_FALSE(KeyRing::parse(KeyRing{.keys = {key}}.json()).has_value());
}

TEST_CASE("secrets are new each time, and what is kept of them is not them") {
  const std::string secret = new_secret();
  CHECK(secret.size() == 8 + 43);
  CHECK(secret != new_secret());
  Key key = key_for(secret.c_str(), "t");
  key.expires = 5;
  const std::string text = KeyRing{.keys = {key}}.json();
  CHECK(text.find(secret) == std::string::npos);
  const auto ring = KeyRing::parse(text);
  REQUIRE(ring.has_value());
  REQUIRE(ring->find(secret) != nullptr);
  CHECK(ring->find(secret)->expires == 5);
  CHECK(ring->find("sk-mill-") == nullptr);
}

}  // namespace mill::tenants
