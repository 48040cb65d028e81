#pragma once
// What a connection's bytes go through: a socket, or TLS upon one. One `if` apart, and neither a
// template of the connection nor a virtual call, so that plain HTTP pays nothing for it. Included
// by http/*.cc only.

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace mill::http {

// How a client that should begin a handshake began.
enum class Greeting : unsigned char {
  secure,      // it is done
  plain_http,  // with a method's letter: it does not speak TLS, and can be answered without
  failed,
  none,  // it left without a byte, as those do who only look whether the port is open
};

class Stream {
 public:
  using Code = boost::system::error_code;
  using Socket = boost::asio::ip::tcp::socket;

  Stream(Socket, boost::asio::ssl::context* tls);  // null = plain
  Stream(const Stream&) = delete;                  // tls_ knows where socket_ is
  Stream& operator=(const Stream&) = delete;

  auto executor() { return socket_.get_executor(); }
  bool secure() const { return secure_; }

  // Before all else, where secure(). Unless it goes well, what follows goes over the bare socket.
  void shake_hands(std::function<void(Greeting)>);

  template <class Done>  // void(Code, size_t)
  void read_some(boost::asio::mutable_buffer into, Done done) {
    if (secure_) return tls_->async_read_some(into, std::move(done));
    socket_.async_read_some(into, std::move(done));
  }
  template <class Done>
  void write_some(boost::asio::const_buffer from, Done done) {
    if (secure_) return tls_->async_write_some(from, std::move(done));
    socket_.async_write_some(from, std::move(done));
  }

  void set_no_delay();
  // Tells the client that nothing more will come, so that it knows that nothing has been cut off.
  // Not while a write is under way. The owner of this lives until it is sent.
  void finish(std::shared_ptr<void> owner);
  void close();

 private:
  Socket socket_;
  std::unique_ptr<boost::asio::ssl::stream<Socket&>> tls_;
  bool secure_ = false;
  char first_ = 0;
};

}  // namespace mill::http
