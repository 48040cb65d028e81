#pragma once
// HTTPS: whom the server says it is, and whom it asks the same. Its certificate is looked at with
// every new connection, and read again when a file has changed; connections that are open keep the
// one that they began with. TLS itself is OpenSSL's, which is included by tls.cc and stream.* only.

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.h"
#include "base/watched_file.h"

namespace boost::asio::ssl {
class context;
}

namespace mill::http {

using std::chrono::milliseconds;

// Files in PEM form. A certificate's file has the server's own first, then those between it and the
// CA that clients know.
struct TlsOptions {
  std::string certificate = {}, key = {};  // both "" = plain HTTP
  std::string client_ca = {};  // who vouches for clients; "" = clients need no certificate
  milliseconds handshake_timeout{10'000};  // from the connection to the end of its handshake

  bool on() const { return !certificate.empty(); }
  Result<void> validate() const;
};

class Tls {
 public:
  struct Identity {
    std::shared_ptr<boost::asio::ssl::context> context;
    int64_t expires = 0;  // the certificate does, seconds since 1970
  };

  // What is wrong with a file is an Error that says what to do. What is odd about it (it has
  // expired, everybody may read the key) is told on standard error.
  static Result<std::unique_ptr<Tls>> open(const TlsOptions&);

  // For a new connection, on any thread: some stat()s. Files that have become wrong are told once,
  // on standard error, and those before hold.
  Identity identity();

 private:
  using File = WatchedFile<std::string>;
  using Text = std::shared_ptr<const std::string>;
  struct Texts {
    Text certificate, key, client_ca;  // the last may be null
    bool operator==(const Texts&) const = default;
  };

  explicit Tls(TlsOptions options) : options_(std::move(options)) {}
  Result<void> open_files();
  Texts texts() const;
  Result<Identity> identity_of(const Texts&) const;

  TlsOptions options_;
  std::shared_ptr<File> certificate_, key_, client_ca_;
  std::mutex mutex_;  // guards what follows
  Texts seen_;
  Identity identity_;
};

}  // namespace mill::http
