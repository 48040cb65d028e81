#include "service/http/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <boost/asio/ssl/context.hpp>
#include <ctime>
#include <vector>

#include "base/utc.h"

namespace mill::http {
namespace {

template <auto free_it>
struct Free {
  template <class T>
  void operator()(T* it) const {
    free_it(it);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

// What OpenSSL has just complained of, in its words.
std::string complaint() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "it is not what it should be" : reason;
}

// In its stead OpenSSL would ask on the terminal, and wait.
int refuse_password(char*, int, int, void* asked) {
  if (asked != nullptr) *static_cast<bool*>(asked) = true;
  return -1;
}

Bio reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<std::vector<Certificate>> certificates_in(const std::string& text) {
  ERR_clear_error();
  const Bio bio = reader(text);
  std::vector<Certificate> all;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, refuse_password, nullptr))
    all.emplace_back(next);
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end)
    return fail(ErrorKind::invalid, "certificate {} of this file cannot be read: {}",
                all.size() + 1, complaint());
  ERR_clear_error();
  if (all.empty())
    return fail(ErrorKind::invalid,
                "there is no '-----BEGIN CERTIFICATE-----' in it; a binary certificate becomes one "
                "by: openssl x509 -inform der -in FILE -out FILE.pem");
  return all;
}

Result<Key> key_in(const std::string& text) {
  ERR_clear_error();
  bool asked = false;
  Key key(PEM_read_bio_PrivateKey(reader(text).get(), nullptr, refuse_password, &asked));
  if (key) return key;
  if (asked)
    return fail(ErrorKind::invalid,
                "the key is protected by a password, and a server has nobody to type it; take it "
                "off into a file that only the server can read: "
                "(umask 077; openssl pkey -in FILE -out FILE.open)");
  return fail(ErrorKind::invalid,
              "there is no private key in it that can be read ({}); it begins with '-----BEGIN "
              "PRIVATE KEY-----' or the like",
              complaint());
}

int64_t unix_time(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
}

void warn_of_dates(const std::string& path, const X509* certificate) {
  const int64_t now = std::time(nullptr);
  const int64_t begins = unix_time(X509_get0_notBefore(certificate));
  const int64_t ends = unix_time(X509_get0_notAfter(certificate));
  if (ends <= now)
    fmt::print(stderr, "warning: the certificate {} expired on {}; clients will refuse it\n", path,
               utc_text(ends));
  if (begins > now)
    fmt::print(stderr,
               "warning: the certificate {} is valid from {} on; until then, clients "
               "will refuse it\n",
               path, utc_text(begins));
}

void warn_of_rights(const std::string& path) {
  struct stat it{};
  if (::stat(path.c_str(), &it) == 0 && (it.st_mode & (S_IROTH | S_IWOTH)) != 0)
    fmt::print(stderr,
               "warning: every user of this machine can read or write the key {}; "
               "chmod 600 it\n",
               path);
}

// RFC 7301: a client that speaks none of what we do is told so in the handshake.
void speak_http11(SSL_CTX* context) {
  const auto choose = [](SSL*, const unsigned char** chosen, unsigned char* size,
                         const unsigned char* offered, unsigned offered_size, void*) {
    static constexpr unsigned char kOurs[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    const int found = SSL_select_next_proto(const_cast<unsigned char**>(chosen), size, kOurs,
                                            sizeof kOurs, offered, offered_size);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  };
  SSL_CTX_set_alpn_select_cb(context, choose, nullptr);
}

// TLS 1.2 with forward secrecy and authenticated ciphers, and all of TLS 1.3. Every connection is a
// handshake of its own, some 0.5 ms beside an answer's seconds: without tickets there is no key of
// theirs that opens recorded sessions, and a client's certificate is looked at each time.
void set_rules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);  // the client CA is no part of our chain
  speak_http11(context);
}

Result<void> show(SSL_CTX* context, const std::vector<Certificate>& chain) {
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1)
    return fail(ErrorKind::invalid, "the certificate cannot be used: {}", complaint());
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1)
      return fail(ErrorKind::invalid, "certificate {} cannot be used: {}", i + 1, complaint());
  }
  return {};
}

Result<void> ask_for_certificates(SSL_CTX* context, const std::string& text) {
  TRY_ASSIGN(const std::vector<Certificate> all, certificates_in(text));
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);  // each of them is trusted, root or not
  for (const Certificate& it : all) {
    if (X509_STORE_add_cert(store, it.get()) != 1 || SSL_CTX_add_client_CA(context, it.get()) != 1)
      return fail(ErrorKind::invalid, "a certificate in it cannot be used: {}", complaint());
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return {};
}

template <class T>
Result<T> of_option(const char* option, const std::string& path, Result<T> result) {
  if (result) return result;
  return within(fmt::format("{} {}", option, path), std::move(result).error());
}

}  // namespace

Result<void> TlsOptions::validate() const {
  if (certificate.empty() != key.empty())
    return fail(ErrorKind::invalid,
                "{} alone is not enough: HTTPS needs --tls-cert FILE and "
                "--tls-key FILE",
                key.empty() ? "--tls-cert" : "--tls-key");
  if (!client_ca.empty() && !on())
    return fail(ErrorKind::invalid,
                "--tls-client-ca needs --tls-cert FILE and --tls-key FILE: clients show "
                "certificates over HTTPS only");
  return {};
}

Result<std::unique_ptr<Tls>> Tls::open(const TlsOptions& options) {
  TRY(options.validate());
  auto tls = std::unique_ptr<Tls>(new Tls(options));
  TRY(tls->open_files());
  tls->seen_ = tls->texts();
  TRY_ASSIGN(tls->identity_, tls->identity_of(tls->seen_));
  return tls;
}

Result<void> Tls::open_files() {
  const auto open_file = [](const char* option, const std::string& path,
                            std::shared_ptr<File>& file) -> Result<void> {
    auto opened =
        File::open(path, [](const std::string& text) -> Result<std::string> { return text; });
    if (!opened) return within(option, std::move(opened).error());
    file = std::move(*opened);
    return {};
  };
  TRY(open_file("--tls-cert", options_.certificate, certificate_));
  TRY(open_file("--tls-key", options_.key, key_));
  if (!options_.client_ca.empty())
    TRY(open_file("--tls-client-ca", options_.client_ca, client_ca_));
  return {};
}

Tls::Texts Tls::texts() const {
  return {certificate_->get(), key_->get(), client_ca_ ? client_ca_->get() : nullptr};
}

Result<Tls::Identity> Tls::identity_of(const Texts& texts) const {
  const std::string &path = options_.certificate, &key_path = options_.key;
  SSL_CTX* const raw = SSL_CTX_new(TLS_server_method());
  if (raw == nullptr) return fail(ErrorKind::exhausted, "TLS does not start: {}", complaint());
  auto context = std::make_shared<boost::asio::ssl::context>(raw);  // it owns it
  set_rules(raw);
  TRY_ASSIGN(const auto chain, of_option("--tls-cert", path, certificates_in(*texts.certificate)));
  TRY_ASSIGN(const Key key, of_option("--tls-key", key_path, key_in(*texts.key)));
  TRY(of_option("--tls-cert", path, show(raw, chain)));
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::invalid,
                "--tls-key {} does not belong to the first certificate of --tls-cert {}; these two "
                "must print the same: openssl pkey -pubout -in {}; openssl x509 -noout -pubkey -in "
                "{}",
                key_path, path, key_path, path);
  }
  if (SSL_CTX_use_PrivateKey(raw, key.get()) != 1)
    return fail(ErrorKind::invalid, "--tls-key {}: the key cannot be used: {}", key_path,
                complaint());
  if (texts.client_ca)
    TRY(of_option("--tls-client-ca", options_.client_ca,
                  ask_for_certificates(raw, *texts.client_ca)));
  warn_of_dates(path, chain.front().get());
  warn_of_rights(key_path);
  return Identity{std::move(context), unix_time(X509_get0_notAfter(chain.front().get()))};
}

Tls::Identity Tls::identity() {
  const std::lock_guard lock(mutex_);
  Texts now = texts();
  if (now == seen_) return identity_;
  seen_ = std::move(now);
  if (auto fresh = identity_of(seen_)) {
    identity_ = std::move(*fresh);
    fmt::print(stderr, "the certificate {} has been read again; it is valid until {}\n",
               options_.certificate, utc_text(identity_.expires));
  } else {
    fmt::print(stderr, "{}; new connections still get the certificate before it\n",
               fresh.error().message);
  }
  return identity_;
}

}  // namespace mill::http
