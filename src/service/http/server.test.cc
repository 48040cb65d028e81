#include "service/http/server.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "service/http/router.h"
#include "service/http/test_client.h"

namespace mill::http {
namespace {

using testing::Client;
using testing::get;
using testing::post;

// Endpoints that do one thing each; /hold keeps its exchange until the test takes it.
struct Fixture {
  std::mutex mutex;
  std::vector<std::shared_ptr<Exchange>> held;
  std::atomic<int> gone{0};
  std::unique_ptr<Server> server;

  explicit Fixture(ServerOptions options = {}) {
    options.port = 0;
    auto opened = Server::listen(options, router(routes()));
    REQUIRE(opened.has_value());
    server = std::move(*opened);
  }
  ~Fixture() {
    held.clear();
    server.reset();
  }

  std::vector<Route> routes() {
    return {
        {"GET", "/hello", [](const Request&, auto exchange) { exchange->respond({.body = "hi"}); }},
        {"POST", "/echo",
         [](const Request& request, auto exchange) { exchange->respond({.body = request.body}); }},
        {"GET", "/stream",
         [](const Request&, auto exchange) {
           exchange->begin({});
           for (const char* word : {"one ", "two ", "three"}) exchange->write(word);
           exchange->end();
         }},
        {"GET", "/flood",
         [this](const Request&, auto exchange) {
           exchange->on_gone([this] { ++gone; });
           exchange->begin({});
           std::thread([exchange] {
             for (int i = 0; i < 4000; ++i) exchange->write(std::string(16 * 1024, 'x'));
           }).detach();
         }},
        {"GET", "/hold",
         [this](const Request&, auto exchange) {
           exchange->on_gone([this] { ++gone; });
           const std::lock_guard lock(mutex);
           held.push_back(exchange);
         }},
        {"GET", "/throw", [](const Request&, auto) { throw std::bad_alloc(); }},
        {"GET", "/throw_number", [](const Request&, auto) { throw 5; }},
        {"GET", "/throw_later",
         [this](const Request&, auto exchange) {
           exchange->on_gone([] { throw std::bad_alloc(); });
           const std::lock_guard lock(mutex);
           held.push_back(exchange);
         }},
        {"GET", "/drop", [](const Request&, auto) {}},
        {"GET", "/under/*", [](const Request& request, auto exchange) {
           exchange->respond({.body = std::string(tail("/under/*", request.path))});
         }}};
  }
  size_t holding() {
    const std::lock_guard lock(mutex);
    return held.size();
  }
};

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(5));
  return condition();
}

std::string ask(uint16_t port, const std::string& bytes) {
  Client client(port);
  client.send(bytes);
  return client.all();
}

std::string numbered(size_t i) { return fmt::format("<{}>", i); }

constexpr const char* kClose = "Connection: close\r\n";

}  // namespace

TEST_CASE("requests sent at once are answered in order on one connection") {
  Fixture fixture;
  Client client(fixture.server->port());
  std::string bytes;
  for (size_t i = 0; i < 300; ++i) bytes += post("/echo", numbered(i));
  bytes += get("/stream") + get("/hello", kClose);
  client.send(bytes);
  for (size_t i = 0; i < 300; ++i) {
    const std::string answer = client.until(">");
    CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(answer.ends_with(numbered(i)));
  }
  CHECK(client.until("0\r\n\r\n").ends_with("4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n"));
  CHECK(client.all().ends_with("Connection: close\r\nContent-Length: 2\r\n\r\nhi"));
}

// For the thread sanitizer, too: a drain and the end close the listener, on any of the threads.
TEST_CASE("a server that has ended listens no more, whoever knocks meanwhile") {
  for (int i = 0; i < 60; ++i) {
    Fixture fixture;
    const uint16_t port = fixture.server->port();
    std::string answer;
    std::thread knocking([&] { answer = ask(port, get("/hello", kClose)); });
    fixture.server->drain(milliseconds(i % 3));
    fixture.server.reset();
    knocking.join();
    CHECK((answer.empty() || answer.ends_with("\r\n\r\nhi")));
    CHECK_FALSE(Client(port).connected());
  }
}

TEST_CASE("a request that arrives byte by byte is a request") {
  Fixture fixture;
  Client client(fixture.server->port());
  for (const char c : post("/echo", "slow", kClose)) {
    client.send({&c, 1});
    if (c == '\n') std::this_thread::sleep_for(milliseconds(1));
  }
  CHECK(client.all().ends_with("\r\n\r\nslow"));
}

TEST_CASE("what is not a request we take is refused with its status") {
  Fixture fixture({.limits = {.header_bytes_max = 1024, .body_bytes_max = 2048}});
  struct Row {
    std::string sent;
    const char* status;
    const char* part;
  };
  const Row rows[] = {
      {get("/nowhere", kClose), "404", "/nowhere"},
      {post("/hello", "", kClose), "405", "Allow: GET, HEAD\r\n"},
      {get("/throw", kClose), "500", "bad_alloc"},
      {get("/drop", kClose), "500", "without an answer"},
      {get("/under/a%2Fb?c=d", kClose), "200", "a/b"},
      {"GET /hello HTTP/1.0\r\n\r\n", "200", "hi"},
      {"GET /stream HTTP/1.0\r\n\r\n", "200", "\r\n\r\none two three"},
      {"GET /hello HTTP/1.1\r\n\r\n", "400", "Host"},
      {"GET hello HTTP/1.1\r\nHost: a\r\n\r\n", "400", "begin with '/'"},
      {"GET http://a/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "200", "hi"},
      {"GET /hello HTTP/3.1\r\nHost: a\r\n\r\n", "505", "HTTP/1.1"},
      {"\x16\x03\x01 TLS here\r\n\r\n", "400", "not HTTP"},
      {get("/hello", "A: " + std::string(2000, 'a') + "\r\n"), "431", "1024 bytes"},
      {std::string(5000, 'a'), "431", "1024 bytes"},
      {post("/echo", std::string(4096, 'b')), "413", "2048 bytes"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n" +
           std::string(4096, 'c'),
       "413", "2048 bytes"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
       "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
       "200", "\r\n\r\nabcde"},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "400", "not HTTP"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.sent.substr(0, 60));
    const std::string answer = ask(fixture.server->port(), row.sent);
    CHECK(answer.substr(0, 13) == std::string("HTTP/1.1 ") + row.status + " ");
    CHECK(answer.find(row.part) != std::string::npos);
  }
}

TEST_CASE("HEAD tells the length and sends no body") {
  Fixture fixture;
  const std::string answer =
      ask(fixture.server->port(), "HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(answer.ends_with("Content-Length: 2\r\n\r\n"));
}

TEST_CASE("a client that asks whether to go on is told so") {
  Fixture fixture;
  Client client(fixture.server->port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
      "Connection: close\r\n\r\n");
  CHECK(client.until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  CHECK(client.all().ends_with("\r\n\r\nbody"));
}

TEST_CASE("slow headers, slow bodies and silence have their deadlines") {
  Fixture fixture({.header_timeout = milliseconds(80),
                   .body_timeout = milliseconds(80),
                   .idle_timeout = milliseconds(80)});
  const uint16_t port = fixture.server->port();
  CHECK(ask(port, "GET /hello HTT").starts_with("HTTP/1.1 408 "));
  CHECK(ask(port, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab")
            .starts_with("HTTP/1.1 408 "));
  CHECK(ask(port, "").empty());
  CHECK(ask(port, "GET /hello HTTP/1.1\r\n").starts_with("HTTP/1.1 408 "));
  CHECK(eventually([&] { return fixture.server->connections() == 0; }));
}

TEST_CASE("a client that leaves is noticed while its answer is being made") {
  Fixture fixture;
  Client whole(fixture.server->port()), streamed(fixture.server->port());
  whole.send(get("/hold"));
  REQUIRE(eventually([&] { return fixture.holding() == 1; }));
  whole.leave();
  CHECK(eventually([&] { return fixture.gone == 1; }));
  streamed.send(get("/hold"));
  REQUIRE(eventually([&] { return fixture.holding() == 2; }));
  fixture.held[1]->begin({});
  fixture.held[1]->write("first");
  CHECK(streamed.until("first").ends_with("first"));
  streamed.leave();
  CHECK(eventually([&] { return fixture.gone == 2; }));
  fixture.held[1]->write("nobody reads this");
  fixture.held[0]->respond({});
  bool at_once = false;
  fixture.held[0]->on_gone([&] { at_once = true; });
  CHECK(at_once);
}

TEST_CASE("what is thrown in a step of a connection ends it, and no drain waits for it") {
  Fixture fixture;
  const uint16_t port = fixture.server->port();
  CHECK(ask(port, get("/throw_number")).empty());
  CHECK(fixture.server->failed_connections() == 1);
  Client leaving(port), staying(port);
  leaving.send(get("/throw_later"));
  staying.send(get("/throw_later"));
  REQUIRE(eventually([&] { return fixture.holding() == 2; }));
  leaving.leave();
  CHECK(eventually([&] { return fixture.server->connections() == 1; }));
  CHECK(fixture.server->failed_connections() == 2);
  const auto begun = std::chrono::steady_clock::now();
  CHECK_FALSE(fixture.server->drain(milliseconds(20)));
  CHECK(std::chrono::steady_clock::now() - begun < milliseconds(5'000));
  CHECK(fixture.server->connections() == 0);
  CHECK(fixture.server->failed_connections() == 3);
}

TEST_CASE("framing that can be read in two ways is refused, and what follows is no request") {
  Fixture fixture;
  const std::string body = "3\r\nabc\r\n0\r\n";
  const std::string header = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ";
  const std::string rows[] = {
      header + "chunked, gzip\r\n\r\n",
      header + "gzip\r\n\r\n",
      header + "chunked\r\n\r\n" + body + "A: " + std::string(1'000'000, 'a') + "\r\n\r\n",
      header + "chunked\r\n\r\n3;" + std::string(1'000'000, 'a') + "\r\nabc\r\n0\r\n\r\n",
  };
  for (const std::string& row : rows) {
    CAPTURE(row.substr(0, 80));
    const std::string answer = ask(fixture.server->port(), row + get("/hello", kClose));
    CHECK(answer.starts_with("HTTP/1.1 4"));
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK(answer.find("HTTP/1.1", 1) == std::string::npos);
  }
  CHECK(fixture.server->failed_connections() == 0);
  CHECK(fixture.server->drain(milliseconds(5'000)));
}

TEST_CASE("requests that arrive slowly count, with what is not yet parsed of them") {
  Fixture fixture({.bodies_bytes_max = 10'000});
  const std::string header = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  Client first(fixture.server->port()), second(fixture.server->port());
  first.send(header + "3;" + std::string(6'000, 'a'));
  std::this_thread::sleep_for(milliseconds(20));
  second.send(header + "3;" + std::string(6'000, 'a'));
  CHECK(second.until("\r\n").starts_with("HTTP/1.1 503 "));
  first.send("\r\nabc\r\n0\r\n\r\n");
  CHECK(first.until("abc").ends_with("\r\n\r\nabc"));
  CHECK(ask(fixture.server->port(), post("/echo", std::string(9'000, 'b'), kClose))
            .starts_with("HTTP/1.1 200 "));
}

TEST_CASE("a client that does not read its stream is cut off, and the memory stays bounded") {
  Fixture fixture({.stream_bytes_max = 256 * 1024});
  Client client(fixture.server->port(), 4096);
  client.send(get("/flood"));
  CHECK(eventually([&] { return fixture.gone == 1; }));
  CHECK(eventually([&] { return fixture.server->connections() == 0; }));
}

TEST_CASE("a hundred connections at once") {
  Fixture fixture;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>(fixture.server->port()));
    REQUIRE(clients.back()->connected());
  }
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < clients.size(); ++i) clients[i]->send(post("/echo", numbered(i)));
    for (size_t i = 0; i < clients.size(); ++i)
      CHECK(clients[i]->until(">").ends_with("\r\n\r\n" + numbered(i)));
  }
}

TEST_CASE("connections over the limit are told to try again") {
  Fixture fixture({.connections_max = 2});
  Client first(fixture.server->port()), second(fixture.server->port());
  first.send(get("/hello"));
  second.send(get("/hello"));
  first.until("hi");
  second.until("hi");
  const std::string answer = ask(fixture.server->port(), "");
  CHECK(answer.starts_with("HTTP/1.1 503 "));
  CHECK(answer.find("Retry-After: 1\r\n") != std::string::npos);
  first.leave();
  CHECK(eventually([&] { return fixture.server->connections() < 2; }));
  CHECK(ask(fixture.server->port(), get("/hello", kClose)).ends_with("hi"));
}

TEST_CASE("a drain lets the answer under way finish and takes no other") {
  Fixture fixture;
  const uint16_t port = fixture.server->port();
  Client idle(port), busy(port);
  idle.send(get("/hello"));
  idle.until("hi");
  busy.send(get("/hold"));
  REQUIRE(eventually([&] { return fixture.holding() == 1; }));
  bool clean = false;
  std::thread drain([&] { clean = fixture.server->drain(milliseconds(10'000)); });
  CHECK(idle.all().empty());
  CHECK(eventually([&] { return !Client(port).connected(); }));
  fixture.held[0]->respond({.body = "last"});
  CHECK(busy.all().ends_with("last"));
  drain.join();
  CHECK(clean);
}

TEST_CASE("a drain that takes too long cuts off what is left") {
  Fixture fixture;
  Client client(fixture.server->port());
  client.send(get("/hold"));
  REQUIRE(eventually([&] { return fixture.holding() == 1; }));
  CHECK_FALSE(fixture.server->drain(milliseconds(50)));
  CHECK(fixture.gone == 1);
  CHECK(client.all().empty());
}

TEST_CASE("an exchange that outlives its server owns nothing of the handler's") {
  const auto owned = std::make_shared<int>(1);
  std::shared_ptr<Exchange> kept;
  std::atomic<bool> arrived{false};
  {
    auto server =
        Server::listen({.port = 0}, [&kept, &arrived, owned](const Request&, auto exchange) {
          kept = exchange;
          arrived = true;
        });
    REQUIRE(server.has_value());
    Client client((*server)->port());
    client.send(get("/"));
    REQUIRE(eventually([&] { return arrived.load(); }));
  }
  CHECK(owned.use_count() == 1);
  kept->respond({});
}

TEST_CASE("a port in use is an error that says what to do") {
  Fixture fixture;
  const auto second = Server::listen({.port = fixture.server->port()}, {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().kind == ErrorKind::io);
  CHECK(second.error().message.find(std::to_string(fixture.server->port())) != std::string::npos);
  CHECK(second.error().message.find("--port") != std::string::npos);
  CHECK_FALSE(Server::listen({.host = "no such host", .port = 0}, {}).has_value());
}

}  // namespace mill::http
