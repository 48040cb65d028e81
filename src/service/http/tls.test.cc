#include "service/http/tls.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "base/scratch_folder.h"
#include "service/http/router.h"
#include "service/http/server.h"
#include "service/http/test_tls.h"

namespace mill::http {
namespace {

namespace fs = std::filesystem;
using testing::Client;
using testing::get;
using testing::make_pair;
using testing::Pair;
using testing::post;
using testing::put;
using testing::TlsClient;

constexpr const char* kClose = "Connection: close\r\n";

std::vector<Route> routes() {
  return {
      {"GET", "/hello", [](const Request&, auto exchange) { exchange->respond({.body = "hi"}); }},
      {"POST", "/echo",
       [](const Request& request, auto exchange) { exchange->respond({.body = request.body}); }},
      {"GET", "/stream", [](const Request&, auto exchange) {
         exchange->begin({});
         for (int i = 0; i < 2000; ++i) exchange->write(fmt::format("{} ", i));
         exchange->end();
       }}};
}

struct Fixture {
  fs::path folder;
  Pair ca = make_pair("test CA"), own = make_pair("first", &ca);
  TlsOptions tls;
  std::unique_ptr<Server> server;

  explicit Fixture(const char* name) : folder(test_data::empty_folder(name)) {
    tls.certificate = put(folder / "server.crt", own.certificate_pem());
    tls.key = put(folder / "server.key", own.key_pem());
  }
  void listen(ServerOptions options = {}) {
    options.port = 0;
    options.tls = tls;
    auto opened = Server::listen(options, router(routes()));
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    server = std::move(*opened);
  }
  uint16_t port() const { return server->port(); }
  uint64_t failures() const { return server->counts()->handshakes_failed; }
};

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(5));
  return condition();
}

// What it is told, or "" where it is not let in.
std::string hello(uint16_t port, const testing::TlsClientOptions& options) {
  TlsClient client(port, options);
  client.send(get("/hello", kClose));
  const std::string answer = client.all();
  return answer.ends_with("hi") ? client.peer() : "";
}

std::string error_of(const TlsOptions& options) {
  const auto opened = Tls::open(options);
  return opened ? "" : opened.error().message;
}

}  // namespace

TEST_CASE("HTTPS is HTTP over TLS 1.2 or 1.3, and its end is told") {
  Fixture it("tls_versions");
  it.listen();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(it.port(), {.ca = &it.ca, .version_min = version, .version_max = version});
    REQUIRE(client.shaken());
    CHECK(client.peer() == "first");
    const std::string large(1'000'000, 'x');
    client.send(post("/echo", large) + get("/stream") + get("/hello", kClose));
    const std::string rest = client.all();
    CHECK(rest.find("\r\n\r\n" + large + "HTTP/1.1 200 OK") != std::string::npos);
    CHECK(rest.find("1999 \r\n0\r\n\r\nHTTP/1.1 200 OK") != std::string::npos);
    CHECK(rest.ends_with("\r\n\r\nhi"));
    CHECK(client.ended_well());
  }
  CHECK(it.failures() == 0);
}

TEST_CASE("what is not TLS 1.2 or 1.3, or another protocol within it, is refused") {
  Fixture it("tls_refused");
  it.listen();
  TlsClient old(it.port(), {.version_min = TLS1_VERSION, .version_max = TLS1_1_VERSION});
  CHECK_FALSE(old.shaken());
  CHECK(old.complaint().find("protocol version") != std::string::npos);
  CHECK_FALSE(TlsClient(it.port(), {.protocols = "\x02h2"}).shaken());
  TlsClient both(it.port(), {.protocols = "\x02h2\x08http/1.1"});
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(both.ssl(), &chosen, &size);
  CHECK(std::string(reinterpret_cast<const char*>(chosen), size) == "http/1.1");
  CHECK(SSL_get_current_compression(both.ssl()) == nullptr);
  const Pair stranger = make_pair("stranger");
  CHECK_FALSE(TlsClient(it.port(), {.ca = &stranger}).shaken());
  CHECK(eventually([&] { return it.failures() == 3; }));
}

TEST_CASE("no session can be resumed, and nothing negotiated anew") {
  Fixture it("tls_sessions");
  it.listen();
  TlsClient client(it.port(), {.version_max = TLS1_2_VERSION});
  client.send(get("/hello"));
  CHECK(client.until("hi").ends_with("hi"));
  CHECK(SSL_SESSION_is_resumable(SSL_get0_session(client.ssl())) == 0);
  SSL_renegotiate(client.ssl());
  CHECK(SSL_do_handshake(client.ssl()) != 1);
}

TEST_CASE("plain HTTP at a port of HTTPS is told so, and garbage closed") {
  Fixture it("tls_plain");
  it.listen();
  Client plain(it.port());
  plain.send(get("/hello"));
  const std::string answer = plain.all();
  CHECK(answer.starts_with("HTTP/1.1 400 "));
  CHECK(answer.find("https://") != std::string::npos);
  Client garbage(it.port());
  garbage.send(std::string(3000, '\x01'));
  CHECK(garbage.all().find("HTTP") == std::string::npos);
  {
    Client nothing(it.port());
  }  // does not count
  CHECK(eventually([&] { return it.server->connections() == 0; }));
  CHECK(it.failures() == 2);
  CHECK(hello(it.port(), {}) == "first");
}

TEST_CASE("a handshake has its deadline, and nobody waits for it") {
  Fixture it("tls_slow");
  it.tls.handshake_timeout = milliseconds(150);
  it.listen();
  Client silent(it.port()), begun(it.port());
  begun.send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  CHECK(hello(it.port(), {}) == "first");
  const auto since = std::chrono::steady_clock::now();
  CHECK(silent.all().empty());
  CHECK(begun.all().empty());
  CHECK(std::chrono::steady_clock::now() - since < milliseconds(5'000));
  CHECK(it.failures() == 2);
  CHECK(eventually([&] { return it.server->connections() == 0; }));
}

TEST_CASE("handshakes are connections, too, of which there are only so many") {
  Fixture it("tls_full");
  it.listen({.connections_max = 2});
  Client first(it.port()), second(it.port());
  CHECK(eventually([&] { return it.server->connections() == 2; }));
  CHECK_FALSE(TlsClient(it.port()).shaken());
  first.leave();
  CHECK(eventually([&] { return it.server->connections() < 2; }));
  CHECK(hello(it.port(), {}) == "first");
}

TEST_CASE("with a CA for clients, those come in whom it vouches for") {
  Fixture it("tls_mutual");
  const Pair client_ca = make_pair("clients' CA"), foreign_ca = make_pair("another CA");
  const Pair good = make_pair("good", &client_ca), foreign = make_pair("foreign", &foreign_ca);
  const Pair late = make_pair("late", &client_ca, -60);
  it.tls.client_ca = put(it.folder / "clients.crt", client_ca.certificate_pem());
  it.listen();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto with = [&](const Pair* own) {
      return hello(it.port(), {.own = own, .version_min = version, .version_max = version});
    };
    CHECK(with(&good) == "first");
    CHECK(with(nullptr).empty());
    CHECK(with(&foreign).empty());
    CHECK(with(&late).empty());
  }
  CHECK(eventually([&] { return it.failures() == 6; }));
  TlsClient none(it.port());
  none.send(get("/hello", kClose));  // before it knows: the alert still arrives
  CHECK(none.all().empty());
  CHECK(none.complaint().find("certificate required") != std::string::npos);
}

TEST_CASE("a new certificate is for new connections, a wrong one for nobody") {
  Fixture it("tls_reload");
  it.listen();
  TlsClient open(it.port(), {.ca = &it.ca});
  open.send(get("/hello"));
  CHECK(open.until("hi").ends_with("hi"));
  const Pair second = make_pair("second", &it.ca, 7200);
  put(it.folder / "server.crt", second.certificate_pem());
  CHECK(hello(it.port(), {.ca = &it.ca}) == "first");  // its key is not here yet
  put(it.folder / "server.key", second.key_pem());
  CHECK(hello(it.port(), {.ca = &it.ca}) == "second");
  const int64_t expires = it.server->counts()->certificate_expires;
  CHECK(std::abs(expires - (std::time(nullptr) + 7200)) < 60);
  put(it.folder / "server.crt", "no certificate");
  CHECK(hello(it.port(), {.ca = &it.ca}) == "second");
  fs::remove(it.folder / "server.key");
  CHECK(hello(it.port(), {.ca = &it.ca}) == "second");
  open.send(get("/hello", kClose));
  CHECK(open.all().ends_with("hi"));
}

TEST_CASE("a drain ends idle connections in good order") {
  Fixture it("tls_drain");
  it.listen();
  TlsClient idle(it.port());
  idle.send(get("/hello"));
  idle.until("hi");
  CHECK(it.server->drain(milliseconds(5'000)));
  CHECK(idle.all().empty());
  CHECK(idle.ended_well());
}

TEST_CASE("a refusal arrives though the client still sends") {
  Fixture it("tls_refusal");
  it.listen({.limits = {.body_bytes_max = 2048}});
  TlsClient client(it.port());
  client.send(post("/echo", std::string(300'000, 'x')));
  CHECK(client.all().starts_with("HTTP/1.1 413 "));
}

TEST_CASE("what is wrong with the files of TLS is told, with what to do") {
  Fixture it("tls_files");
  const auto file = [&](const char* name, const std::string& text) {
    return put(it.folder / name, text);
  };
  const std::string other = file("other.key", make_pair("other").key_pem());
  const std::string locked = file("locked.key", it.own.key_pem("secret"));
  const std::string empty = file("empty", "");
  const std::string cut = file("cut.crt", it.own.certificate_pem().substr(0, 200));
  const std::string &crt = it.tls.certificate, &key = it.tls.key;
  struct Row {
    TlsOptions options;
    const char* part;
  };
  const Row rows[] = {
      {{.certificate = crt, .key = key}, ""},
      {{.certificate = crt, .key = key, .client_ca = crt}, ""},
      {{.certificate = crt}, "--tls-key FILE"},
      {{.key = key}, "--tls-cert FILE"},
      {{.client_ca = crt}, "--tls-client-ca needs"},
      {{.certificate = "/nowhere.crt", .key = key}, "--tls-cert: /nowhere.crt: No such file"},
      {{.certificate = crt, .key = "/nowhere.key"}, "--tls-key: /nowhere.key: No such file"},
      {{.certificate = empty, .key = key}, "BEGIN CERTIFICATE"},
      {{.certificate = cut, .key = key}, "cannot be read"},
      {{.certificate = crt, .key = crt}, "no private key"},
      {{.certificate = crt, .key = other}, "does not belong to"},
      {{.certificate = crt, .key = locked}, "openssl pkey"},
      {{.certificate = crt, .key = key, .client_ca = empty}, "--tls-client-ca"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.part);
    const std::string error = error_of(row.options);
    CHECK(error.empty() == std::string(row.part).empty());
    CHECK(error.find(row.part) != std::string::npos);
  }
}

}  // namespace mill::http
