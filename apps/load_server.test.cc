#include "apps/load_server.h"

#include <doctest/doctest.h>

#include <sys/wait.h>

#include <csignal>

#include "apps/load_fake_server.h"
#include "base/scratch_folder.h"

namespace mill::apps {
namespace {

TEST_CASE("a command's names are replaced, and nothing else") {
  const std::map<std::string, std::string> values = {{"model", "'a b'"}, {"port", "80"}};
  CHECK(filled_command("serve -m {model} --port {port}{port}", values).value() ==
        "serve -m 'a b' --port 8080");
  CHECK(filled_command("echo '{\"a\": {}}' {", values).value() == "echo '{\"a\": {}}' {");
  const auto wrong = filled_command("serve {modle}", values);
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().message.find("{modle}") != std::string::npos);
  CHECK(wrong.error().message.find("{model}, {port}") != std::string::npos);
}

TEST_CASE("a shell reads back what was quoted") {
  const std::string odd = "it's $HOME `x` \"y\" \\z";
  auto child = Child::start({"sh", "-c", "printf '%s\n' " + shell_quoted(odd)});
  REQUIRE(child.has_value());
  CHECK(child->read_line().value_or("") == odd);
}

TEST_CASE("addresses") {
  CHECK(address_of("http://127.0.0.1:81/v1").value().endpoint.port() == 81);
  CHECK(address_of("http://127.0.0.1:81/").value().host == "127.0.0.1:81");
  CHECK(address_of("http://127.0.0.1").value().endpoint.port() == 80);
  CHECK(address_of("http://[::1]:8").value().endpoint.address().is_v6());
  CHECK_FALSE(address_of("https://127.0.0.1").has_value());
  CHECK_FALSE(address_of("127.0.0.1:80").has_value());
  CHECK_FALSE(address_of("http://no-such-host.invalid:1").has_value());
}

TEST_CASE("a server is awaited until it is ready, and stopped") {
  const auto folder = test_data::empty_folder("load_server");
  const testing::FakeServer::Reply loading = {"HTTP/1.1 503 Loading\r\nContent-Length: 0\r\n\r\n",
                                              testing::kClose};
  const testing::FakeServer::Reply ready = {"HTTP/1.1 404 None\r\nContent-Length: 0\r\n\r\n",
                                            testing::kClose};
  testing::FakeServer fake({loading, loading, ready});
  auto server =
      LoadServer::start({.command = "sleep 60", .port = fake.port(), .log = folder / "log"});
  REQUIRE(server.has_value());
  CHECK(server->address().endpoint.port() == fake.port());
  CHECK(server->pid() > 0);
  CHECK(server->stop().has_value());
  fake.stop();
  CHECK(fake.requests().size() == 3);
}

TEST_CASE("a server that does not start, or dies, is told with what it said") {
  const auto folder = test_data::empty_folder("load_server");
  const auto failed = LoadServer::start({.command = "sh -c 'echo no such model; exit 3'",
                                         .port = free_port().value(),
                                         .port_file = {},
                                         .log = folder / "log"});
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().message.find("no such model") != std::string::npos);
  testing::FakeServer fake({{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", testing::kClose}});
  auto server =
      LoadServer::start({.command = "sleep 60", .port = fake.port(), .log = folder / "log"});
  REQUIRE(server.has_value());
  kill(server->pid(), SIGKILL);
  siginfo_t ended{};  // so that it is dead, and still to be waited for
  waitid(P_PID, static_cast<id_t>(server->pid()), &ended, WEXITED | WNOWAIT);
  CHECK(server->stop().error().message.find("137") != std::string::npos);
}

TEST_CASE("patience ends") {
  const auto folder = test_data::empty_folder("load_server");
  const auto late = LoadServer::start({.command = "sleep 60",
                                       .port = 0,
                                       .port_file = folder / "port",
                                       .log = folder / "log",
                                       .patience = std::chrono::seconds(0)});
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().kind == ErrorKind::exhausted);
}

}  // namespace
}  // namespace mill::apps
