#include "apps/load_server.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <fstream>
#include <iterator>
#include <thread>

#include "apps/load_reply.h"

namespace mill::apps {
namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
namespace {

using Code = boost::system::error_code;

constexpr milliseconds kPollEvery{20}, kPollPatience{2'000}, kStopPatience{20'000};
constexpr size_t kLogTail = 400;  // bytes of it in an error

std::string tail_of(const std::filesystem::path& log) {
  std::ifstream file(log, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  while (text.ends_with('\n')) text.pop_back();
  if (text.size() <= kLogTail) return text;
  const size_t line = text.find('\n', text.size() - kLogTail);
  return text.substr(line == std::string::npos ? text.size() - kLogTail : line + 1);
}

std::optional<uint16_t> read_port(const std::filesystem::path& path) {
  std::ifstream file(path);
  uint16_t port = 0;
  return file >> port ? std::optional(port) : std::nullopt;
}

LoadAddress local(uint16_t port) {
  return {.endpoint = {asio::ip::address_v4::loopback(), port},
          .host = fmt::format("127.0.0.1:{}", port)};
}

// One GET; it ends with the answer, or with the io_context's time.
struct Get {
  explicit Get(asio::io_context& context) : socket(context) {}
  tcp::socket socket;
  std::string request;
  std::array<char, 4096> chunk;
  ReplyReader reply;

  void begin(const LoadAddress& address, const std::string& path) {
    request =
        fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", path, address.host);
    socket.async_connect(address.endpoint, [this](Code error) {
      if (error) return;
      asio::async_write(socket, asio::buffer(request), [this](Code failed, size_t) {
        if (!failed) read();
      });
    });
  }
  void read() {
    socket.async_read_some(asio::buffer(chunk), [this](Code error, size_t bytes) {
      if (!error && reply.feed({chunk.data(), bytes}) && !reply.done()) read();
    });
  }
};

}  // namespace

Result<LoadAddress> address_of(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme))
    return fail(ErrorKind::unsupported, "'{}' is no address; write it like http://127.0.0.1:8080",
                url);
  std::string host = url.substr(kScheme.size());
  for (const std::string_view tail : {"/", "/v1"}) {
    if (host.ends_with(tail)) host.resize(host.size() - tail.size());
  }
  const size_t colon = host.rfind(':');
  const bool has_port = colon != std::string::npos && !host.ends_with(']');
  std::string name = has_port ? host.substr(0, colon) : host;
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  asio::io_context context;
  Code error;
  const auto found =
      tcp::resolver(context).resolve(name, has_port ? host.substr(colon + 1) : "80", error);
  if (error || found.empty())
    return fail(ErrorKind::not_found, "'{}' leads nowhere: {}", url, error.message());
  return LoadAddress{.endpoint = found.begin()->endpoint(), .host = host};
}

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Result<std::string> filled_command(const std::string& command,
                                   const std::map<std::string, std::string>& values) {
  std::string filled;
  for (size_t at = 0; at < command.size();) {
    const size_t end = command.find_first_not_of("abcdefghijklmnopqrstuvwxyz", at + 1);
    const bool named =
        command[at] == '{' && end != std::string::npos && command[end] == '}' && end > at + 1;
    if (!named) {
      filled += command[at++];
      continue;
    }
    const auto value = values.find(command.substr(at + 1, end - at - 1));
    if (value == values.end()) {
      std::string names;
      for (const auto& [name, ignored] : values)
        names += (names.empty() ? "{" : ", {") + name + "}";
      return fail(ErrorKind::invalid, "{} in the command means nothing; there are {}",
                  command.substr(at, end - at + 1), names);
    }
    filled += value->second;
    at = end + 1;
  }
  return filled;
}

Result<uint16_t> free_port() {
  asio::io_context context;
  tcp::acceptor acceptor(context);
  Code error;
  acceptor.open(tcp::v4(), error);
  if (!error) acceptor.bind({asio::ip::address_v4::loopback(), 0}, error);
  const tcp::endpoint endpoint = error ? tcp::endpoint() : acceptor.local_endpoint(error);
  if (error) return fail(ErrorKind::io, "no free port: {}", error.message());
  return endpoint.port();
}

std::optional<int> status_of(const LoadAddress& address, const std::string& path,
                             milliseconds patience) {
  asio::io_context context;
  Get get(context);
  get.begin(address, path);
  context.run_for(patience);
  return get.reply.status() > 0 ? std::optional(get.reply.status()) : std::nullopt;
}

Result<LoadServer> LoadServer::start(const LoadLaunch& launch) {
  const std::string shell =
      fmt::format("exec {} >{} 2>&1", launch.command, shell_quoted(launch.log.string()));
  TRY_ASSIGN(Child child, Child::start({"sh", "-c", shell}));
  LoadServer server(std::move(child));
  server.log_ = launch.log;
  const auto give_up = LoadClock::now() + launch.patience;
  for (;; std::this_thread::sleep_for(kPollEvery)) {
    if (!server.child_.running())
      return fail(ErrorKind::unsupported, "`{}` ended before it was ready: {}", launch.command,
                  tail_of(launch.log));
    if (LoadClock::now() > give_up)
      return fail(ErrorKind::exhausted, "`{}` was not ready after {} s: {}", launch.command,
                  launch.patience.count(), tail_of(launch.log));
    const auto port = launch.port > 0 ? std::optional(launch.port) : read_port(launch.port_file);
    if (!port) continue;
    server.address_ = local(*port);
    const std::optional<int> status = status_of(server.address_, "/health", kPollPatience);
    if (status && *status != 503) return server;
  }
}

Result<void> LoadServer::stop() {
  const bool alive = child_.running();
  const ChildEnd end = child_.stop(kStopPatience);
  if (alive) return {};
  return fail(ErrorKind::io, "the server died under the load, with {}: {}", end.exit_code,
              tail_of(log_));
}

}  // namespace mill::apps
