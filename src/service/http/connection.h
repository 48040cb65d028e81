#pragma once
// One client's connection: requests in, answers out, in order. Included by http/*.cc only.
//
//   handshaking (TLS only)
//      │
//      ▼
//   reading ──request whole──▶ answering ──answer sent──▶ reading …
//      │ refused, or the last answer                          │
//      └──────────────────────▶ lingering ──▶ closed ◀── timeout, error, drain
//
// There is always a read under way (up to a bound), while answering too: that is how a client that
// goes away is noticed at once, and what it has sent ahead (pipelining) waits in `in_`.

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "service/http/request_parser.h"
#include "service/http/server.h"
#include "service/http/stream.h"

namespace mill::http {

class Reply;

// What connections share with their server.
struct Hub {
  boost::asio::io_context context;
  ServerOptions options;
  Handler handler;
  std::unique_ptr<Tls> tls;  // null = plain HTTP
  std::shared_ptr<ServerCounts> counts = std::make_shared<ServerCounts>();
  std::atomic<uint64_t> received_bytes{0};  // of requests that are not yet with the handler
  std::function<void(uint64_t id)> closed;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // The stream's executor is a strand; every member but the constructor runs on it.
  Connection(Stream::Socket, boost::asio::ssl::context* tls, std::shared_ptr<Hub>, uint64_t id);
  ~Connection();

  void start();
  void turn_away(const Problem&);  // closes; without TLS it tells why, without having read
  void drain();                    // closes after the answer under way, or now if there is none
  void answer_once();              // closes after the first answer
  void abort();                    // closes now; the client counts as gone

  // Every step of a connection is taken by one of these two: what is thrown in it, by a library or
  // by a handler, ends this connection and nothing else.
  template <class Action>
  void post(Action action) {
    boost::asio::post(stream_.executor(),
                      [self = shared_from_this(), action = std::move(action)]() mutable {
                        self->step([&] { action(*self); });
                      });
  }
  template <class Action>
  void step(Action action) {
    try {
      action();
    } catch (const std::exception& error) {
      failed(error.what());
    } catch (...) {
      failed("by an exception of no known type");
    }
  }

  // From the Reply with this number; ignored if it is no longer the current one.
  void respond(uint64_t reply, Response);
  void begin(uint64_t reply, Response head);
  void write(uint64_t reply, std::string chunk);
  void end(uint64_t reply);

 private:
  enum class Phase : uint8_t { handshaking, reading, answering, lingering, closed };

  void on_greeting(Greeting);
  void read();
  void on_read(boost::system::error_code, size_t bytes);
  void advance();
  void dispatch();
  void refuse(const Problem&);
  HeadOptions head(Framing) const;
  void send(std::string_view bytes);
  void flush();
  void on_written(boost::system::error_code, size_t bytes);
  void answered();
  void linger();
  void close();
  void tell_gone();
  void failed(const char* why);
  void arm(milliseconds);
  void disarm();
  void on_deadline();
  void count_received();
  bool begun() const { return !in_.empty() || parser_.held_bytes() > 0; }  // a request
  bool current(uint64_t reply) const {
    return phase_ == Phase::answering && reply == reply_number_;
  }

  std::shared_ptr<Hub> hub_;  // first, because it owns what the stream runs on
  Stream stream_;
  boost::asio::steady_timer deadline_;
  uint64_t id_;

  Phase phase_;
  bool read_pending_ = false, read_closed_ = false, continued_ = false;
  std::array<char, 16 * 1024> chunk_{};
  std::string in_;  // received, not yet parsed
  RequestParser parser_;
  uint64_t counted_ = 0;

  uint64_t reply_number_ = 0;
  std::weak_ptr<Reply> reply_;
  Framing stream_framing_ = Framing::chunked, whole_framing_ = Framing::length;
  bool keep_alive_ = true, streaming_ = false, complete_ = false;

  std::string out_, sending_;
  size_t sent_ = 0;
  uint64_t deadline_number_ = 0;
};

}  // namespace mill::http
