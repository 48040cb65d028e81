#include "service/http/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "service/http/connection.h"

namespace mill::http {
namespace asio = boost::asio;
using Code = boost::system::error_code;
using asio::ip::tcp;

struct Server::Impl {
  std::shared_ptr<Hub> hub = std::make_shared<Hub>();
  asio::io_context& context = hub->context;
  // One at a time among the context's threads: what touches the acceptor or the timer.
  asio::strand<asio::io_context::executor_type> door{asio::make_strand(context)};
  tcp::acceptor acceptor{door};
  asio::steady_timer retry{door};
  std::vector<std::thread> threads;
  tcp::endpoint endpoint;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::unordered_map<uint64_t, std::weak_ptr<Connection>> connections;
  uint64_t next_id = 1;
  bool draining = false;  // those who come get one answer each
  bool listening = true;

  void accept();
  void admit(tcp::socket);
  std::shared_ptr<asio::ssl::context> identity();
  template <class Action>
  void each_connection(Action);
  bool none_before(uint64_t id) const;
  bool wait_until_none_before(uint64_t id, milliseconds at_most,
                              const std::function<bool()>& cut_short);
  bool drain(milliseconds at_most, const std::function<bool()>& cut_short);
  void stop();
  void close_listener();
};

namespace {

Result<tcp::endpoint> endpoint_of(asio::io_context& context, const ServerOptions& options) {
  tcp::resolver resolver(context);
  Code error;
  const auto found =
      resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, error);
  if (error || found.empty())
    return fail(ErrorKind::invalid,
                "--host {}: {}; give an address of this machine, or 0.0.0.0 "
                "for all of them",
                options.host, error.message());
  return found.begin()->endpoint();
}

std::unexpected<Error> cannot_listen(const ServerOptions& options, const Code& error) {
  if (error == asio::error::address_in_use)
    return fail(ErrorKind::io,
                "port {} on {} is in use; stop what listens there (ss -ltnp 'sport = :{}' names "
                "it) or choose another with --port (0 = any free one)",
                options.port, options.host, options.port);
  if (error == asio::error::access_denied)
    return fail(ErrorKind::io, "port {} needs more rights than this user has; use one from 1024 on",
                options.port);
  return fail(ErrorKind::io, "cannot listen on {} port {}: {}", options.host, options.port,
              error.message());
}

Result<void> open_listener(tcp::acceptor& acceptor, const tcp::endpoint& endpoint,
                           const ServerOptions& options) {
  Code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return cannot_listen(options, error);
  return {};
}

// What is thrown outside of a connection's steps, for want of memory, must not end the server.
void run_forever(asio::io_context& context) {
  for (;;) {
    try {
      context.run();
      return;
    } catch (const std::exception& error) {
      fmt::print(stderr, "a connection failed: {}\n", error.what());
    }
  }
}

}  // namespace

Result<void> ServerOptions::validate() const {
  if (threads == 0 || threads > 256)
    return fail(ErrorKind::invalid, "HTTP threads: {} is not within 1 to 256", threads);
  if (connections_max == 0)
    return fail(ErrorKind::invalid, "connections_max: at least 1 is needed");
  return tls.validate();
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::listen(const ServerOptions& options, Handler handler) {
  TRY(options.validate());
  auto impl = std::make_unique<Impl>();
  Impl* raw = impl.get();
  raw->hub->options = options;
  raw->hub->handler = std::move(handler);
  if (options.tls.on()) {
    TRY_ASSIGN(raw->hub->tls, Tls::open(options.tls));
    (void)raw->identity();  // so that it is counted
  }
  raw->hub->closed = [raw](uint64_t id) {
    const std::lock_guard lock(raw->mutex);
    raw->connections.erase(id);
    raw->hub->counts->open = raw->connections.size();
    raw->changed.notify_all();
  };
  TRY_ASSIGN(const tcp::endpoint endpoint, endpoint_of(raw->context, options));
  TRY(open_listener(raw->acceptor, endpoint, options));
  Code ignored;
  raw->endpoint = raw->acceptor.local_endpoint(ignored);
  raw->accept();
  for (uint32_t i = 0; i < options.threads; ++i)
    raw->threads.emplace_back([raw] { run_forever(raw->context); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() {
  drain(milliseconds(0));
  for (std::thread& thread : impl_->threads) thread.join();  // they end for want of work
  // Whoever still has an Exchange keeps the hub; what the handler owns shall not die with them.
  impl_->hub->handler = nullptr;
  impl_->hub->closed = nullptr;
}

void Server::Impl::accept() {
  acceptor.async_accept(asio::make_strand(context), [this](Code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
    if (!error || error == asio::error::connection_aborted) {
      accept();  // first, so that a newcomer for whom there is no memory is not the last
      if (!error) admit(std::move(socket));
      return;
    }
    // Out of file descriptors, mostly: those that wait stay in the kernel's queue until later.
    retry.expires_after(milliseconds(100));
    retry.async_wait([this](Code cancelled) {
      if (!cancelled) accept();
    });
  });
}

// What a new connection shows; null without TLS.
std::shared_ptr<asio::ssl::context> Server::Impl::identity() {
  if (!hub->tls) return nullptr;
  const Tls::Identity now = hub->tls->identity();
  hub->counts->certificate_expires = now.expires;
  return now.context;
}

void Server::Impl::admit(tcp::socket socket) {
  std::shared_ptr<Connection> connection;
  bool full = false, once = false;
  const auto shown = identity();
  {
    const std::lock_guard lock(mutex);
    if (!listening) return;
    const uint64_t id = next_id++;
    once = draining;
    full = connections.size() >= hub->options.connections_max;
    connection = std::make_shared<Connection>(std::move(socket), shown.get(), hub, id);
    connections.emplace(id, connection);
    hub->counts->open = connections.size();
  }
  connection->post([full, once](Connection& self) {
    if (once) self.answer_once();
    if (!full) return self.start();
    self.turn_away({503, "All connections are taken; try again", "", "overloaded"});
  });
}

template <class Action>
void Server::Impl::each_connection(Action action) {
  const std::lock_guard lock(mutex);
  for (auto& [id, weak] : connections) {
    if (auto connection = weak.lock()) connection->post(action);
  }
}

// Connections that are older than this one's number; the lock is held. One that could not even
// start has expired.
bool Server::Impl::none_before(uint64_t id) const {
  return std::none_of(connections.begin(), connections.end(), [id](const auto& entry) {
    return entry.first < id && !entry.second.expired();
  });
}

bool Server::Impl::wait_until_none_before(uint64_t id, milliseconds at_most,
                                          const std::function<bool()>& cut_short) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  std::unique_lock lock(mutex);
  while (!none_before(id) && std::chrono::steady_clock::now() < end) {
    if (cut_short()) return false;
    changed.wait_for(lock, milliseconds(50));
  }
  return none_before(id);
}

void Server::Impl::close_listener() {
  asio::post(door, [this] {
    Code ignored;
    acceptor.close(ignored);
    retry.cancel();
  });
}

// Of those who were here before it.
bool Server::Impl::drain(milliseconds at_most, const std::function<bool()>& cut_short) {
  uint64_t newcomer = 0;
  {
    const std::lock_guard lock(mutex);
    draining = true;
    newcomer = next_id;
  }
  each_connection([](Connection& connection) { connection.drain(); });
  return wait_until_none_before(newcomer, at_most, cut_short);
}

// Cuts off whoever is left.
void Server::Impl::stop() {
  {
    const std::lock_guard lock(mutex);
    listening = false;
  }
  close_listener();
  each_connection([](Connection& connection) { connection.abort(); });
  wait_until_none_before(UINT64_MAX, milliseconds(10'000), [] { return false; });
}

bool Server::drain(milliseconds at_most) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->listening = false;
  }
  impl_->close_listener();
  const bool clean = impl_->drain(at_most, [] { return false; });
  impl_->stop();
  return clean;
}

Result<bool> Server::serve_until_signal(milliseconds drain_at_most, const ServerMoments& moments) {
  asio::io_context context;  // of this thread alone
  asio::signal_set set(context, SIGINT, SIGTERM);
  int signals = 0;
  std::function<void(Code, int)> count = [&](Code error, int) {
    if (error) return;
    ++signals;
    set.async_wait(count);
  };
  set.async_wait(count);
  TRY(moments.ready());
  while (signals == 0) context.run_one();
  moments.draining();
  const bool clean = impl_->drain(drain_at_most, [&] {
    context.poll();
    return signals > 1;
  });
  impl_->stop();
  return clean;
}

uint16_t Server::port() const { return impl_->endpoint.port(); }

std::string Server::address() const {
  const auto address = impl_->endpoint.address();
  return fmt::format(fmt::runtime(address.is_v6() ? "[{}]:{}" : "{}:{}"), address.to_string(),
                     port());
}

uint64_t Server::failed_connections() const { return impl_->hub->counts->failed; }

std::shared_ptr<const ServerCounts> Server::counts() const { return impl_->hub->counts; }

uint32_t Server::connections() const {
  const std::lock_guard lock(impl_->mutex);
  return static_cast<uint32_t>(impl_->connections.size());
}

}  // namespace mill::http
