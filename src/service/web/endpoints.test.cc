#include "service/web/endpoints.h"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/scratch_folder.h"
#include "service/inference/scripted_server.h"
#include "service/openai/endpoints.h"
#include "service/tenants/gate.h"

namespace mill::web {
namespace {

using inference::testing::Recorder;
using inference::testing::ScriptedServer;
using namespace std::chrono_literals;

// A model whose engine has two tenants in it, and has done ten tokens more a second later.
class Viewed : public inference::testing::FakeModel {
 public:
  std::shared_ptr<const llm::EngineView> look(std::chrono::milliseconds) const override {
    const uint64_t looks = ++looks_;
    llm::EngineView view{.time = static_cast<int64_t>(looks) * 1'000'000'000, .step = 10};
    view.stats.running = 2;
    view.stats.sleep.closing = true;
    view.stats.steps = looks;
    view.stats.generated_tokens = 10 * looks;
    view.stats.prompt_tokens = 100;
    view.stats.energy.steps = 3.0 * static_cast<double>(looks);
    view.busy = static_cast<int64_t>(looks) * 250'000'000;
    for (uint64_t i = 0; i < looks; ++i) view.stats.times.queue.observe(0.002);
    view.sequences = {{.id = 1, .request = "req_a", .tenant = "acme", .stage = llm::Stage::decode},
                      {.id = 2, .request = "req_b", .tenant = "beta"}};
    view.sequences[0].blocks = {0};
    view.sequences[0].times = {.arrived = 1, .scheduled = 2};
    view.blocks = {{.references = 1, .since = 7}, {.published = true}, {}};
    view.tenants = {{.tenant = "acme", .running = 1, .blocks = 1},
                    {.tenant = "beta", .waiting = 1}};
    view.steps = {
        {.step = 9,
         .began = view.time - 1000,
         .ended = view.time,
         .pieces = {{.sequence = 1, .tokens = 3}, {.sequence = 7, .tokens = 64, .prefill = true}}}};
    view.departed = {{.sequence = 7, .request = "req_c", .tenant = "acme"}};
    view.memory = {.weights = 1000, .kv = 300};
    return std::make_shared<const llm::EngineView>(std::move(view));
  }
  uint64_t looks() const { return looks_; }
  void restart() { looks_ = 0; }

 private:
  mutable std::atomic<uint64_t> looks_ = 0;
};

// A client of a stream: what has come so far, and when.
class Listener : public http::Exchange {
 public:
  void respond(http::Response response) override {
    const std::lock_guard lock(mutex_);
    head_ = std::move(response);
    over_ = true;
    changed_.notify_all();
  }
  void begin(http::Response head) override {
    const std::lock_guard lock(mutex_);
    head_ = std::move(head);
  }
  void write(std::string chunk) override {
    const std::lock_guard lock(mutex_);
    text_ += chunk;
    changed_.notify_all();
  }
  void end() override {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_all();
  }
  void on_gone(std::function<void()> gone) override {
    const std::lock_guard lock(mutex_);
    gone_ = std::move(gone);
  }

  std::vector<Json> wait_for(size_t states) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return over_ || parsed().size() >= states; });
    return parsed();
  }
  http::Response wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_; });
    http::Response all = head_;
    all.body += text_;
    return all;
  }
  void leave() { gone_(); }

 private:
  std::vector<Json> parsed() const {
    std::vector<Json> states;
    std::istringstream lines(text_);
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("data: {\"object\"") && !lines.eof())
        states.push_back(Json::parse(line.substr(6)));
    return states;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  http::Response head_;
  std::string text_;
  std::function<void()> gone_;
  bool over_ = false;
};

const http::Caller kOperator{.operates = true};
const http::Caller kAcme{.tenant = "acme", .key = "key_a"};
const http::Caller kBeta{.tenant = "beta", .key = "key_b"};

FeedOptions quick() { return {.streams_max = 3, .least = 0ms, .patience = 1ms, .second = 20ms}; }

struct Watched {
  ScriptedServer server{"tea", [](const auto& host) { return openai::routes(host); }};
  std::shared_ptr<Viewed> model = std::make_shared<Viewed>();
  std::shared_ptr<RequestLog> log;
  std::unique_ptr<Console> console;
  http::Handler handler;

  explicit Watched(FeedOptions feed = quick(), Books books = {}) {
    const auto moment = [] { return traces::Moment{1'234'000'000'000, 0}; };
    log = std::make_shared<RequestLog>(RequestLogOptions{.moment = moment, .prices = books.prices});
    server.host->models.remove("fake", [] {});
    server.host->models.add(model);
    server.host->meter = std::make_shared<LoggingMeter>(nullptr, log);
    console = std::make_unique<Console>(ConsoleOptions{
        .sources = {.host = server.host,
                    .log = log,
                    .moment = moment,
                    .loading = [] { return std::vector<std::string>{"green"}; },
                    .facts = {.ledger = books.charges != nullptr, .energy_source = "model"}},
        .books = std::move(books),
        .feed = feed});
    auto routes = openai::routes(server.host);
    for (auto& more : console->routes()) routes.push_back(std::move(more));
    handler = http::router(std::move(routes));
  }

  http::Response get(const std::string& target, const http::Caller& caller,
                     const char* method = "GET", const std::string& body = "") {
    const auto recorder = std::make_shared<Recorder>();
    const size_t query = std::min(target.size(), target.find('?'));
    handler({.method = method,
             .path = target.substr(0, query),
             .query = target.substr(std::min(target.size(), query + 1)),
             .headers = {},
             .body = body,
             .caller = caller},
            recorder);
    return recorder->wait();
  }
  Json json(const std::string& target, const http::Caller& caller) {
    return Json::parse(get(target, caller).body);
  }
  std::shared_ptr<Listener> listen(const http::Caller& caller, const char* query = "") {
    const auto listener = std::make_shared<Listener>();
    handler({.method = "GET",
             .path = "/v1/console/events",
             .query = query,
             .headers = {},
             .caller = caller},
            listener);
    return listener;
  }
};

}  // namespace

TEST_CASE("an operator sees the engine, and how it was a moment ago") {
  Watched it;
  const Json first = it.json("/v1/console/state", kOperator);
  CHECK(first["object"] == "console.state");
  CHECK(first["view"] == "all");
  CHECK(first["admin"] == true);
  CHECK(first["time_ms"] == 1'234'000.0);
  CHECK(first["server"]["energy_source"] == "model");
  CHECK(first["server"]["loading"] == Json({"green"}));
  CHECK(first["server"]["resident_bytes"] > 1'000'000);
  CHECK(first["tenants"].size() == 2);
  const Json& model = first["models"][0];
  CHECK(model["id"] == "fake");
  CHECK(model["default"] == true);
  CHECK(model["state"] == "closing");
  CHECK(model["sleep"]["last_wake_seconds"].is_null());
  CHECK(model["memory"]["kv_bytes"] == 300);
  CHECK(model["sequences"].size() == 2);
  CHECK(model["engine"]["rates"].is_null());
  CHECK(model["engine"]["latency"]["queue"]["recent"].is_null());
  CHECK(model["engine"]["money"].is_null());
  const Json second = it.json("/v1/console/state", kOperator)["models"][0]["engine"];
  CHECK(second["rates"] == Json::parse(R"({"seconds": 1, "prompt_tokens_per_second": 0,
    "generated_tokens_per_second": 10, "computed_tokens_per_second": 0, "steps_per_second": 1,
    "watts": 3, "busy": 0.25})"));
  CHECK(second["latency"]["queue"]["recent"]["count"] == 1);
  CHECK(second["latency"]["queue"]["whole"]["count"] == 2);
  CHECK(second["latency"]["queue"]["whole"]["p50"].get<double>() > 0.001);
  CHECK(second["latency"]["decode"]["whole"]["p50"].is_null());
  CHECK(second["energy"]["joules_per_million_tokens"]["whole"] == 50'000.0);  // 6 J, 120 tokens
  CHECK(second["energy"]["joules_per_million_tokens"]["recent"] == 300'000.0);
  it.model->restart();  // another engine, whose counters are smaller
  const Json third = it.json("/v1/console/state", kOperator)["models"][0]["engine"];
  CHECK(third["rates"].is_null());
  CHECK(third["latency"]["queue"]["recent"].is_null());
}

TEST_CASE("the pictures are in the state") {
  Watched it;
  const Json engine = it.json("/v1/console/state", kOperator)["models"][0]["engine"];
  const Json& step = engine["steps"]["steps"][0];
  CHECK(step["step"] == 9);
  CHECK(step["seconds"] == 1e-6);
  CHECK(step["decode"] == Json({1, 3}));
  CHECK(step["prefill"] == Json({7, 64}));
  CHECK(engine["steps"]["requests"]["7"] == "req_c");
  CHECK(engine["steps"]["requests"]["1"] == "req_a");
  CHECK(engine["steps"]["tenants"]["7"] == "acme");
  const Json& blocks = engine["blocks"];
  CHECK(blocks["owners"] == Json({"free", "cached", "shared", 1}));
  CHECK(blocks["runs"] == Json({3, 1, 2, 1, 1, 3, 0, 1, 3}));
  CHECK(blocks["bytes_per_block"] == 100);
  CHECK(engine["prefix"]["nodes"].size() == 1);
}

TEST_CASE("a tenant sees what is its own") {
  Watched it;
  const Json state = it.json("/v1/console/state", kAcme);
  CHECK(state["view"] == "tenant");
  CHECK(state["tenant"] == "acme");
  CHECK(!state["server"].contains("resident_bytes"));
  CHECK(!state["server"].contains("streams"));
  CHECK(state["models"][0]["engine"].is_null());
  REQUIRE(state["models"][0]["sequences"].size() == 1);
  CHECK(state["models"][0]["sequences"][0]["request"] == "req_a");
  CHECK(state["tenants"] ==
        Json::parse(R"([{"tenant": "acme", "running": 1, "waiting": 0, "blocks": 1}])"));
  CHECK(state.dump().find("beta") == std::string::npos);
  CHECK(state.dump().find("req_b") == std::string::npos);
}

TEST_CASE("a stream keeps its pace, and ends with a goodbye") {
  Watched it;
  const auto begun = std::chrono::steady_clock::now();
  const auto listener = it.listen(kOperator), slow = it.listen(kAcme, "every=60");
  const std::vector<Json> states = listener->wait_for(6);
  CHECK(std::chrono::steady_clock::now() - begun >= 5 * 20ms);
  for (size_t i = 1; i < states.size(); ++i) CHECK(states[i]["id"] > states[i - 1]["id"]);
  CHECK(states.back()["server"]["streams"] == 2);
  CHECK(slow->wait_for(1).size() == 1);
  it.console->close();
  const http::Response all = listener->wait_for_end();
  CHECK(all.status == 200);
  CHECK(all.headers[0].value == "text/event-stream");
  CHECK(all.body.starts_with("retry: 2000\n\nid: "));
  CHECK(all.body.ends_with("event: bye\ndata: {\"reason\":\"the server is stopping\"}\n\n"));
  CHECK(it.get("/v1/console/state", kOperator).status == 503);
  CHECK(it.listen(kOperator)->wait_for_end().status == 503);
}

TEST_CASE("a stream that has nothing to say shows that it lives") {
  FeedOptions feed = quick();
  feed.second = 2ms;
  Watched it(feed);
  const auto listener = it.listen(kOperator, "every=60");
  CHECK(listener->wait_for(2).size() == 2);  // 120 ms later, with a sign of life each 30 ms
  it.console->close();
  CHECK(listener->wait_for_end().body.find("\n: still here\n\n") != std::string::npos);
}

TEST_CASE("streams are few, and who has gone makes room") {
  Watched it;
  std::vector<std::shared_ptr<Listener>> all;
  for (int i = 0; i < 3; ++i) all.push_back(it.listen(kOperator));
  for (const auto& each : all) CHECK(!each->wait_for(1).empty());
  const http::Response refused = it.listen(kOperator)->wait_for_end();
  CHECK(refused.status == 503);
  CHECK(refused.body.find("Too many look") != std::string::npos);
  all.front()->leave();
  while (true) {  // until the thread has brought back those that it serves
    const auto newcomer = it.listen(kOperator);
    if (!newcomer->wait_for(1).empty()) break;
  }
}

TEST_CASE("nobody looks, nothing is looked at; many look at the same") {
  FeedOptions feed = quick();
  feed.least = 1h;
  Watched it(feed);
  std::this_thread::sleep_for(50ms);
  CHECK(it.model->looks() == 0);
  for (int i = 0; i < 20; ++i) CHECK(it.get("/v1/console/state", kOperator).status == 200);
  CHECK(it.model->looks() == 1);
}

TEST_CASE("what is asked wrongly is said") {
  Watched it;
  for (const char* wrong : {"/v1/console/requests?limit=0", "/v1/console/requests?limit=201",
                            "/v1/console/requests?limit=x", "/v1/console/requests?before=-1",
                            "/v1/console/requests?outcome=lost", "/v1/console/events?every=0",
                            "/v1/console/events?every=61", "/v1/console/tenants?since=yesterday"}) {
    CAPTURE(wrong);
    const http::Response refused = it.get(wrong, kOperator);
    CHECK(refused.status == 400);
    const Json error = Json::parse(refused.body)["error"];
    CHECK(std::string(wrong).find(error["param"].get<std::string>() + "=") != std::string::npos);
  }
  CHECK(it.get("/v1/console/nothing", kOperator).status == 404);
  CHECK(it.get("/v1/console/state", kOperator, "POST").status == 405);
  CHECK(it.get("/v1/console/events", kOperator, "HEAD").status == 200);
}

TEST_CASE("a request is found by the id that its client has") {
  Watched it;
  const http::Response made = it.get("/v1/completions", kAcme, "POST", R"({"prompt": "abcd"})");
  REQUIRE(made.status == 200);
  std::string id;
  for (const http::Header& each : made.headers)
    if (each.name == "X-Request-Id") id = each.value;
  const Json found = it.json("/v1/console/requests/" + id, kAcme);
  CHECK(found["request"] == id);
  CHECK(found["tenant"] == "acme");
  CHECK(found["endpoint"] == "/v1/completions");
  CHECK(found["prompt_tokens"] == 4);
  CHECK(found["outcome"] == "whole");
  CHECK(it.model->admission.request == id);
  CHECK(it.json("/v1/console/requests", kAcme)["data"][0] == found);
  CHECK(it.json("/v1/console/requests", kOperator)["data"].size() == 1);
  CHECK(it.json("/v1/console/requests", kBeta)["data"].empty());
  CHECK(it.get("/v1/console/requests/" + id, kBeta).status == 404);
  CHECK(found.dump().find("abcd") == std::string::npos);  // no texts
}

TEST_CASE("what outlives the console says that it is over") {
  Watched it;
  it.console.reset();
  CHECK(it.get("/v1/console/state", kOperator).status == 503);
}

TEST_CASE("keys open the console as far as their scopes go, and its pages need none") {
  const auto folder = test_data::empty_folder("console_keys");
  tenants::KeyRing ring;
  const auto add = [&](const char* secret, std::vector<std::string> scopes) {
    ring.keys.push_back({.id = secret,
                         .tenant = "acme",
                         .name = "",
                         .sha256 = tenants::sha256_of_text(secret),
                         .scopes = std::move(scopes),
                         .created = 1});
  };
  add("sk-user", {"inference"});
  add("sk-operator", {"operations"});
  add("sk-both", {"inference", "operations", "admin"});
  add("sk-metrics", {"metrics"});
  std::ofstream(folder / "keys") << ring.json();
  const auto keys = WatchedFile<tenants::KeyRing>::open(folder / "keys", tenants::KeyRing::parse);
  REQUIRE(keys.has_value());
  Watched it(quick(), {.keys = *keys});
  const http::Handler open = it.handler;
  const auto gate = [&](std::shared_ptr<WatchedFile<tenants::KeyRing>> ring_or_none) {
    it.handler = tenants::gated(
        {.keys = std::move(ring_or_none), .unix_time = [] { return int64_t{1234}; }}, open);
  };
  const auto view = [&](const char* secret) -> std::string {
    const auto recorder = std::make_shared<Recorder>();
    it.handler({.method = "GET",
                .path = "/v1/console/state",
                .query = "",
                .headers = {{"Authorization", fmt::format("Bearer {}", secret)}}},
               recorder);
    const http::Response told = recorder->wait();
    if (told.status != 200) return std::to_string(told.status);
    const Json state = Json::parse(told.body);
    return state["view"].get<std::string>() + (state["admin"] == true ? " admin" : "") +
           (state["server"].contains("loading") ? " loading" : "");
  };
  gate(*keys);
  CHECK(view("sk-user") == "tenant");
  CHECK(view("sk-operator") == "all loading");
  CHECK(view("sk-both") == "all admin loading");
  CHECK(view("sk-metrics") == "403");
  CHECK(view("sk-nobody") == "401");
  for (const char* page : {"/console/nothing", "/console", "/"})  // the router's 404: let in
    CHECK(it.get(page, {}).status == 404);
  gate(nullptr);
  CHECK(view("") == "all loading");
}

}  // namespace mill::web
