#include "service/http/reply.h"

#include <utility>

#include "service/http/connection.h"
#include "service/http/problem.h"

namespace mill::http {

Reply::Reply(std::shared_ptr<Connection> connection, uint64_t number)
    : connection_(std::move(connection)), number_(number) {}

Reply::~Reply() {
  if (state_ == State::open) {
    respond(problem_response({500, "The server has dropped this request without an answer"}));
  } else if (state_ == State::streaming) {
    end();
  }
}

bool Reply::advance(State from, State to) {
  std::function<void()> dropped;  // destroyed after the lock: it may own what owns us
  const std::lock_guard lock(mutex_);
  if (state_ != from) return false;
  state_ = to;
  if (to == State::complete) dropped = std::exchange(on_gone_, nullptr);
  return true;
}

void Reply::respond(Response response) {
  if (!advance(State::open, State::complete)) return;
  connection_->post(
      [number = number_, response = std::move(response)](Connection& connection) mutable {
        connection.respond(number, std::move(response));
      });
}

void Reply::begin(Response head) {
  if (!advance(State::open, State::streaming)) return;
  connection_->post([number = number_, head = std::move(head)](Connection& connection) mutable {
    connection.begin(number, std::move(head));
  });
}

void Reply::write(std::string chunk) {
  if (chunk.empty() || !advance(State::streaming, State::streaming)) return;
  connection_->post([number = number_, chunk = std::move(chunk)](Connection& connection) mutable {
    connection.write(number, std::move(chunk));
  });
}

void Reply::end() {
  if (!advance(State::streaming, State::complete)) return;
  connection_->post([number = number_](Connection& connection) { connection.end(number); });
}

void Reply::on_gone(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::complete) return;
    if (state_ != State::gone) {
      on_gone_ = std::move(callback);
      return;
    }
  }
  callback();
}

void Reply::gone() {
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::complete || state_ == State::gone) return;
    state_ = State::gone;
    callback = std::exchange(on_gone_, nullptr);
  }
  if (callback) callback();
}

}  // namespace mill::http
