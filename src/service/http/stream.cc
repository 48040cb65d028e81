#include "service/http/stream.h"

namespace mill::http {
namespace asio = boost::asio;

Stream::Stream(Socket socket, asio::ssl::context* tls)
    : socket_(std::move(socket)), secure_(tls != nullptr) {
  if (secure_) tls_ = std::make_unique<asio::ssl::stream<Socket&>>(socket_, *tls);
}

// A handshake's first byte is 22; a method's is a letter. It is looked at and left where it is.
void Stream::shake_hands(std::function<void(Greeting)> done) {
  const auto shaken = [this, done](Code error) {
    secure_ = !error;
    done(error ? Greeting::failed : Greeting::secure);
  };
  socket_.async_receive(asio::buffer(&first_, 1), Socket::message_peek,
                        [this, done = std::move(done), shaken](Code error, size_t) {
                          const bool letter = first_ >= 'A' && first_ <= 'Z';
                          if (!error && !letter)
                            return tls_->async_handshake(asio::ssl::stream_base::server, shaken);
                          secure_ = false;
                          done(error ? Greeting::none : Greeting::plain_http);
                        });
}

void Stream::set_no_delay() {
  Code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

// TLS has a message for it, close_notify. OpenSSL would wait for the client's own, and fail where a
// request comes instead, which the read under way is to take. It does not where it believes to have
// had it; Asio asks it before async_shutdown returns.
void Stream::finish(std::shared_ptr<void> owner) {
  if (!secure_) {
    Code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    return;
  }
  SSL* const ssl = tls_->native_handle();
  const int before = SSL_get_shutdown(ssl);
  SSL_set_shutdown(ssl, before | SSL_RECEIVED_SHUTDOWN);
  tls_->async_shutdown([owner = std::move(owner)](Code) {});
  SSL_set_shutdown(ssl, before | SSL_SENT_SHUTDOWN);
}

void Stream::close() {
  Code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

}  // namespace mill::http
