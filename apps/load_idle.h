#pragma once
// Connections that nobody speaks on, as browsers and pools of clients leave them.

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <vector>

#include "base/error.h"

namespace mill::apps {

class IdleConnections {
 public:
  explicit IdleConnections(boost::asio::io_context& context) : context_(context) {}
  // All of them at once, before the load begins; an error where the server does not take so many.
  Result<void> open(const boost::asio::ip::tcp::endpoint&, uint32_t count);
  void reopen_closed();  // those that the server has closed since
  uint64_t reopened() const { return reopened_; }

 private:
  struct Idle {
    explicit Idle(boost::asio::io_context& context) : socket(context) {}
    boost::asio::ip::tcp::socket socket;
    bool connecting = false;
    std::array<char, 64> nothing{};
  };
  void wait(Idle&);
  boost::asio::io_context& context_;
  boost::asio::ip::tcp::endpoint endpoint_;
  std::vector<std::unique_ptr<Idle>> all_;
  uint64_t reopened_ = 0;
};

}  // namespace mill::apps
