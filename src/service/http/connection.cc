#include "service/http/connection.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <ctime>
#include <utility>

#include "service/http/reply.h"

namespace mill::http {
namespace asio = boost::asio;
using Code = boost::system::error_code;

namespace {
constexpr size_t kReadAheadMax = 64 * 1024;  // of what a client sends before it has its answer
constexpr milliseconds kLinger{2'000};       // for a client to take in why we close
}  // namespace

Connection::Connection(Stream::Socket socket, asio::ssl::context* tls, std::shared_ptr<Hub> hub,
                       uint64_t id)
    : hub_(std::move(hub)),
      stream_(std::move(socket), tls),
      deadline_(stream_.executor()),
      id_(id),
      phase_(stream_.secure() ? Phase::handshaking : Phase::reading),
      parser_(hub_->options.limits) {}

Connection::~Connection() = default;

void Connection::start() {
  if (phase_ == Phase::closed) return;  // by a drain that came before
  stream_.set_no_delay();
  if (!stream_.secure()) {
    arm(hub_->options.idle_timeout);
    return read();
  }
  arm(hub_->options.tls.handshake_timeout);
  stream_.shake_hands([self = shared_from_this()](Greeting greeting) {
    self->step([&] { self->on_greeting(greeting); });
  });
}

// A handshake costs more than an answer, so there is none for those who come in excess.
void Connection::turn_away(const Problem& problem) {
  if (stream_.secure()) return close();
  refuse(problem);
}

void Connection::drain() {
  keep_alive_ = false;
  if (phase_ == Phase::handshaking || (phase_ == Phase::reading && !begun())) close();
}

void Connection::answer_once() { keep_alive_ = false; }

void Connection::abort() { close(); }

void Connection::on_greeting(Greeting greeting) {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::reading;
  if (greeting == Greeting::none) return close();
  if (greeting == Greeting::secure) {
    arm(hub_->options.idle_timeout);
    return read();
  }
  ++hub_->counts->handshakes_failed;
  if (greeting == Greeting::plain_http)
    return refuse({400, "This port speaks HTTPS: ask https:// instead of http://"});
  linger();  // the client is to see which alert it got, whatever it has sent ahead
}

// --- requests in ---

void Connection::read() {
  if (read_pending_ || read_closed_ || phase_ == Phase::closed) return;
  if (phase_ == Phase::answering && in_.size() >= kReadAheadMax) return;
  read_pending_ = true;
  stream_.read_some(asio::buffer(chunk_), [self = shared_from_this()](Code error, size_t bytes) {
    self->step([&] { self->on_read(error, bytes); });
  });
}

void Connection::on_read(Code error, size_t bytes) {
  read_pending_ = false;
  if (phase_ == Phase::closed) return;
  if (error) {
    read_closed_ = true;
    // An answer that is complete is still sent to a client that has only closed its own direction.
    if (phase_ == Phase::answering && complete_) return;
    if (phase_ == Phase::lingering && !sending_.empty()) return;
    return close();
  }
  if (phase_ == Phase::lingering) return read();
  if (phase_ == Phase::reading && !begun()) arm(hub_->options.header_timeout);
  in_.append(chunk_.data(), bytes);
  advance();
}

void Connection::advance() {
  if (phase_ != Phase::reading) {
    count_received();
    return read();
  }
  const bool had_header = parser_.header_done();
  in_.erase(0, parser_.feed(in_));
  if (parser_.problem()) return refuse(*parser_.problem());
  if (parser_.done()) return dispatch();
  count_received();
  if (hub_->received_bytes > hub_->options.bodies_bytes_max)
    return refuse(
        {503, "Too many large requests are arriving at once; try again", "", "overloaded"});
  if (read_closed_) return close();
  if (!had_header && parser_.header_done()) arm(hub_->options.body_timeout);
  if (parser_.expects_continue() && !std::exchange(continued_, true))
    send("HTTP/1.1 100 Continue\r\n\r\n");
  read();
}

// Keeps the server's sum of what has arrived and is not yet with the handler up to date.
void Connection::count_received() {
  uint64_t bytes = 0;
  if (phase_ == Phase::reading) bytes = parser_.held_bytes() + in_.size();
  if (phase_ == Phase::answering) bytes = in_.size();
  hub_->received_bytes += bytes - counted_;  // wraps where it shrinks, as the sum does
  counted_ = bytes;
}

void Connection::dispatch() {
  disarm();
  phase_ = Phase::answering;
  Request request = parser_.take();
  count_received();
  keep_alive_ = keep_alive_ && request.keep_alive;
  whole_framing_ = request.method == "HEAD" ? Framing::head_only : Framing::length;
  stream_framing_ = request.http10 ? Framing::until_close : Framing::chunked;
  streaming_ = complete_ = false;
  const auto reply = std::make_shared<Reply>(shared_from_this(), ++reply_number_);
  reply_ = reply;
  try {
    hub_->handler(std::move(request), reply);
  } catch (const std::exception& error) {  // a library's, out of memory for one
    reply->respond(problem_response({500, fmt::format("The request failed: {}", error.what())}));
  }
  read();
}

// --- answers out ---

HeadOptions Connection::head(Framing framing) const {
  return {.framing = framing,
          .keep_alive = keep_alive_,
          .date = static_cast<long long>(std::time(nullptr))};
}

void Connection::respond(uint64_t reply, Response response) {
  if (!current(reply)) return;
  complete_ = true;
  send(serialized(response, head(whole_framing_)));
}

void Connection::begin(uint64_t reply, Response response) {
  if (!current(reply)) return;
  if (stream_framing_ == Framing::until_close) keep_alive_ = false;
  streaming_ = true;
  send(serialized(response, head(stream_framing_)));
}

void Connection::write(uint64_t reply, std::string chunk) {
  if (!current(reply) || !streaming_) return;
  if (stream_framing_ == Framing::until_close) return send(chunk);
  send(fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk));
}

void Connection::end(uint64_t reply) {
  if (!current(reply) || !streaming_) return;
  complete_ = true;
  if (stream_framing_ == Framing::chunked) return send("0\r\n\r\n");
  if (sending_.empty()) answered();
}

void Connection::refuse(const Problem& problem) {
  phase_ = Phase::lingering;
  count_received();
  keep_alive_ = false;
  send(serialized(problem_response(problem), head(Framing::length)));
}

void Connection::send(std::string_view bytes) {
  if (phase_ == Phase::closed) return;
  const size_t waiting = out_.size() + sending_.size() - sent_;
  if (streaming_ && !complete_ && waiting > hub_->options.stream_bytes_max) return close();
  out_ += bytes;
  if (sending_.empty()) {
    sending_.swap(out_);
    flush();
  }
}

void Connection::flush() {
  arm(hub_->options.write_timeout);
  stream_.write_some(asio::buffer(sending_.data() + sent_, sending_.size() - sent_),
                     [self = shared_from_this()](Code error, size_t bytes) {
                       self->step([&] { self->on_written(error, bytes); });
                     });
}

void Connection::on_written(Code error, size_t bytes) {
  if (phase_ == Phase::closed) return;
  if (error) return close();
  sent_ += bytes;
  if (sent_ < sending_.size()) return flush();
  sending_.clear();
  sent_ = 0;
  sending_.swap(out_);
  if (!sending_.empty()) return flush();
  if (phase_ == Phase::lingering) return linger();
  if (phase_ == Phase::reading) return arm(hub_->options.body_timeout);  // sent 100 Continue
  disarm();
  if (complete_) answered();
}

void Connection::answered() {
  phase_ = Phase::reading;
  streaming_ = false;
  continued_ = false;
  parser_ = RequestParser(hub_->options.limits);
  if (!keep_alive_) return linger();
  arm(in_.empty() ? hub_->options.idle_timeout : hub_->options.header_timeout);
  // A posted step, so that many requests sent at once are a loop and not a recursion.
  post([](Connection& self) {
    if (self.phase_ == Phase::reading) self.advance();
  });
}

// Closing with unread bytes resets the connection, and the client may lose our last words. So we
// say that we are done and read on until the client is, too, or two seconds are over.
void Connection::linger() {
  phase_ = Phase::lingering;
  stream_.finish(shared_from_this());
  if (read_closed_) return close();
  arm(kLinger);
  read();
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  const bool idle = phase_ == Phase::reading && sending_.empty();
  phase_ = Phase::closed;
  count_received();
  disarm();
  if (idle && stream_.secure()) step([this] { stream_.finish(shared_from_this()); });
  stream_.close();
  step([this] { tell_gone(); });
  hub_->closed(id_);
}

void Connection::tell_gone() {
  if (auto reply = reply_.lock()) reply->gone();
}

void Connection::failed(const char* why) {
  ++hub_->counts->failed;
  fmt::print(stderr, "a connection failed: {}\n", why);
  close();
}

// --- deadlines ---

void Connection::arm(milliseconds after) {
  deadline_.expires_after(after);
  deadline_.async_wait([self = shared_from_this(), number = ++deadline_number_](Code error) {
    if (!error && number == self->deadline_number_) self->step([&] { self->on_deadline(); });
  });
}

void Connection::disarm() {
  ++deadline_number_;
  deadline_.cancel();
}

void Connection::on_deadline() {
  if (phase_ == Phase::handshaking) ++hub_->counts->handshakes_failed;
  if (phase_ == Phase::reading && begun() && sending_.empty())
    return refuse({408, "The request did not arrive in time"});
  close();
}

}  // namespace mill::http
