#pragma once
// The Exchange that a Connection gives to the handler: carries every call over to the connection's
// strand. Included by http/*.cc only.

#include <functional>
#include <memory>
#include <mutex>

#include "service/http/exchange.h"

namespace mill::http {

class Connection;

class Reply : public Exchange {
 public:
  Reply(std::shared_ptr<Connection>, uint64_t number);
  ~Reply() override;  // a handler that has dropped it without an answer: 500

  void respond(Response) override;
  void begin(Response head) override;
  void write(std::string chunk) override;
  void end() override;
  void on_gone(std::function<void()>) override;

  void gone();  // by the connection: tells the handler, unless the answer is complete

 private:
  enum class State : uint8_t { open, streaming, complete, gone };
  bool advance(State from, State to);

  std::shared_ptr<Connection> connection_;
  uint64_t number_;
  std::mutex mutex_;  // guards what follows
  State state_ = State::open;
  std::function<void()> on_gone_;
};

}  // namespace mill::http
