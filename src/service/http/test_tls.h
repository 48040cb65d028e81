#pragma once
// For tests: certificates made on the spot, and a client that speaks TLS as it is told to.

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "service/http/test_client.h"

namespace mill::http::testing {

template <class T>
using Held = std::shared_ptr<T>;

struct Pair {
  Held<X509> certificate;
  Held<EVP_PKEY> key;

  std::string certificate_pem() const {
    return written([this](BIO* to) { PEM_write_bio_X509(to, certificate.get()); });
  }
  std::string key_pem(const char* password = nullptr) const {
    return written([&](BIO* to) {
      PEM_write_bio_PrivateKey(to, key.get(), password ? EVP_aes_128_cbc() : nullptr, nullptr, 0,
                               nullptr, const_cast<char*>(password));
    });
  }

 private:
  template <class Write>
  static std::string written(Write write) {
    const Held<BIO> to(BIO_new(BIO_s_mem()), BIO_free);
    write(to.get());
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(to.get(), &bytes);
    return {bytes, static_cast<size_t>(size)};
  }
};

inline void extend(X509* certificate, int what, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// For 127.0.0.1, signed by the issuer; without one it signs itself and is a CA.
inline Pair make_pair(const char* name, const Pair* issuer = nullptr, long seconds = 3600) {
  static long serial = 0;
  Pair pair{{X509_new(), X509_free}, {EVP_EC_gen("P-256"), EVP_PKEY_free}};
  X509* const it = pair.certificate.get();
  X509_set_version(it, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(it), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(it), -7200);
  X509_gmtime_adj(X509_getm_notAfter(it), seconds);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(it), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(it, X509_get_subject_name((issuer ? *issuer : pair).certificate.get()));
  X509_set_pubkey(it, pair.key.get());
  extend(it, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
  extend(it, NID_subject_alt_name, "IP:127.0.0.1");
  X509_sign(it, (issuer ? *issuer : pair).key.get(), EVP_sha256());
  return pair;
}

// By a rename, as whoever renews a certificate does it. Only its owner may read it.
inline std::string put(const std::filesystem::path& path, const std::string& text) {
  const std::filesystem::path fresh = path.string() + ".fresh";
  std::ofstream(fresh) << text;
  std::filesystem::permissions(fresh, std::filesystem::perms(0600));
  std::filesystem::rename(fresh, path);
  return path.string();
}

struct TlsClientOptions {
  const Pair* ca = nullptr;   // whom it believes; null = everybody
  const Pair* own = nullptr;  // what it shows
  int version_min = TLS1_2_VERSION, version_max = TLS1_3_VERSION;
  std::string protocols = {};  // of ALPN, as on the wire: "\x02h2"
};

class TlsClient {
 public:
  explicit TlsClient(uint16_t port, const TlsClientOptions& options = {}) : client_(port) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    SSL_CTX_set_min_proto_version(context_.get(), options.version_min);
    SSL_CTX_set_max_proto_version(context_.get(), options.version_max);
    if (options.version_min < TLS1_2_VERSION)
      SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
    if (options.ca != nullptr) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), options.ca->certificate.get());
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    }
    if (options.own != nullptr) {
      SSL_CTX_use_certificate(context_.get(), options.own->certificate.get());
      SSL_CTX_use_PrivateKey(context_.get(), options.own->key.get());
    }
    ssl_.reset(SSL_new(context_.get()), SSL_free);
    SSL_set_alpn_protos(ssl_.get(),
                        reinterpret_cast<const unsigned char*>(options.protocols.data()),
                        static_cast<unsigned>(options.protocols.size()));
    SSL_set_fd(ssl_.get(), client_.socket());
    shaken_ = SSL_connect(ssl_.get()) == 1;
    if (!shaken_) note_error();
  }

  bool shaken() const { return shaken_; }
  bool ended_well() const { return ended_well_; }              // the server has said that it ends
  const std::string& complaint() const { return complaint_; }  // of OpenSSL, where it fails
  SSL* ssl() const { return ssl_.get(); }
  std::string peer() const {
    const Held<X509> it(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    char name[100] = "";
    if (it) X509_NAME_get_text_by_NID(X509_get_subject_name(it.get()), NID_commonName, name, 100);
    return name;
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const int n = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  std::string until(std::string_view text) {
    while (seen_.find(text) == std::string::npos && more()) {
    }
    const size_t at = seen_.find(text);
    if (at == std::string::npos) return std::exchange(seen_, {});
    std::string out = seen_.substr(0, at + text.size());
    seen_.erase(0, out.size());
    return out;
  }
  std::string all() {
    while (more()) {
    }
    return std::exchange(seen_, {});
  }

 private:
  bool more() {
    char buffer[16 * 1024];
    ERR_clear_error();
    const int n = SSL_read(ssl_.get(), buffer, sizeof buffer);
    if (n > 0) seen_.append(buffer, static_cast<size_t>(n));
    if (n <= 0) {
      ended_well_ = SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN;
      note_error();
    }
    return n > 0;
  }
  void note_error() {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    if (reason != nullptr) complaint_ = reason;
  }

  Client client_;
  Held<SSL_CTX> context_{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
  Held<SSL> ssl_;
  bool shaken_ = false, ended_well_ = false;
  std::string seen_, complaint_;
};

}  // namespace mill::http::testing
