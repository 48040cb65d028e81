#pragma once
// The HTTP server: takes connections, hands whole requests to a Handler, ends only when told.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "service/http/exchange.h"
#include "service/http/request_parser.h"
#include "service/http/tls.h"

namespace mill::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;  // 0 = any free one
  uint32_t threads = 4;  // each parses requests and runs handlers
  uint32_t connections_max = 1024;
  TlsOptions tls = {};
  ParserLimits limits = {};
  uint64_t bodies_bytes_max = 512 * 1024 * 1024;  // of all requests that are arriving now
  size_t stream_bytes_max = 4 * 1024 * 1024;      // streamed, but not yet taken by the client
  milliseconds header_timeout{10'000};            // from a request's first byte
  milliseconds body_timeout{120'000};
  milliseconds idle_timeout{75'000};   // between requests
  milliseconds write_timeout{30'000};  // without a byte of progress

  Result<void> validate() const;
};

struct ServerMoments {
  // Signals are heard: whoever is told now that the server is ready may send one at once.
  std::function<Result<void>()> ready;
  std::function<void()> draining;  // the drain begins: newcomers are to be refused
};

// Of all connections so far, but the first.
struct ServerCounts {
  std::atomic<uint64_t> open{0};                // now
  std::atomic<uint64_t> failed{0};              // ended by an exception
  std::atomic<uint64_t> handshakes_failed{0};   // of TLS, those that took too long included
  std::atomic<int64_t> certificate_expires{0};  // seconds since 1970; 0 = there is none
};

class Server {
 public:
  // Listens and answers from now on. A port that is taken is an Error that says what to do.
  static Result<std::unique_ptr<Server>> listen(const ServerOptions&, Handler);
  ~Server();  // drain(0)

  uint16_t port() const;
  std::string address() const;  // "127.0.0.1:8080", "[::1]:8080"
  uint32_t connections() const;
  uint64_t failed_connections() const;                 // ended by an exception, ever
  std::shared_ptr<const ServerCounts> counts() const;  // outlives the server

  // Stops accepting, lets what is being answered finish for at most so long, then closes what is
  // left. True if nothing had to be cut off.
  bool drain(milliseconds at_most);

  // Returns after SIGINT or SIGTERM and a drain; a second signal cuts the drain short. While it
  // lasts, newcomers still get one answer each, so that they learn why. True if nothing had to be
  // cut off.
  Result<bool> serve_until_signal(milliseconds drain_at_most, const ServerMoments&);

  struct Impl;

 private:
  explicit Server(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mill::http
