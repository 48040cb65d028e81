#include "data/package/signature.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sodium/crypto_generichash_blake2b.h>

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

namespace mill::package {
namespace {

using Bytes = std::vector<uint8_t>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

constexpr std::string_view kComment = "untrusted comment:", kTrusted = "trusted comment: ";
constexpr size_t kSignatureBytes = 64;
constexpr size_t kTextMax = 65536;

const uint8_t* raw(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

std::span<const uint8_t> span_of(std::string_view text) { return {raw(text), text.size()}; }

// What EVP_DecodeBlock gives counts the padding as zeros.
Result<Bytes> decoded(std::string_view text, size_t bytes, const char* what) {
  if (text.size() != (bytes + 2) / 3 * 4)
    return fail(ErrorKind::invalid, "{}: its base64 line is {} characters long, not {}", what,
                text.size(), (bytes + 2) / 3 * 4);
  Bytes out(text.size() / 4 * 3);
  if (EVP_DecodeBlock(out.data(), raw(text), static_cast<int>(text.size())) < 0)
    return fail(ErrorKind::invalid, "{}: its second line is no base64", what);
  out.resize(bytes);
  return out;
}

std::string encoded(std::span<const uint8_t> bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a zero
  EVP_EncodeBlock(reinterpret_cast<uint8_t*>(out.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  out.pop_back();
  return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < 8) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The base64 of a key file.
Result<std::string_view> key_line(std::string_view text, const char* what) {
  if (text.size() > kTextMax) return fail(ErrorKind::invalid, "{}: too long for a key", what);
  const auto lines = lines_of(text);
  if (lines.size() == 2 && lines[0].starts_with(kComment)) return lines[1];
  if (lines.size() == 1) return lines[0];
  return fail(ErrorKind::invalid, "{}: not a key of minisign (a comment and a line of base64)",
              what);
}

// "Ed25519 of the BLAKE2b-512": what minisign calls prehashed.
Result<Bytes> hash_of(std::string_view message) {
  Bytes out(64);
  unsigned int size = 64;
  if (EVP_Digest(message.data(), message.size(), out.data(), &size, EVP_blake2b512(), nullptr) != 1)
    return fail(ErrorKind::unsupported, "this OpenSSL has no BLAKE2b");
  return out;
}

bool is_signed(std::span<const uint8_t> message, const uint8_t* signature, const PublicKey& key) {
  const Key loaded(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.key.data(), 32),
                   EVP_PKEY_free);
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return loaded && context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, loaded.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature, kSignatureBytes, message.data(),
                          message.size()) == 1;
}

Result<Bytes> signature_of(std::span<const uint8_t> message, const SecretKey& key) {
  const Key loaded(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, key.seed.data(), 32),
                   EVP_PKEY_free);
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  Bytes out(kSignatureBytes);
  size_t size = out.size();
  if (loaded && context &&
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, loaded.get()) == 1 &&
      EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1)
    return out;
  return fail(ErrorKind::unsupported, "this OpenSSL cannot sign with Ed25519");
}

// What the second signature is of.
Bytes sealed(const uint8_t* signature, std::string_view comment) {
  Bytes out(kSignatureBytes + comment.size());
  std::copy_n(signature, kSignatureBytes, out.begin());
  std::copy(comment.begin(), comment.end(), out.begin() + kSignatureBytes);
  return out;
}

struct SignatureFile {
  Bytes body;  // "ED" id[8] signature[64]
  std::string_view comment;
  Bytes seal;
};

Result<SignatureFile> parse_signature(std::string_view text) {
  if (text.size() > kTextMax) return fail(ErrorKind::invalid, "the signature is too long for one");
  const auto lines = lines_of(text);
  if (lines.size() != 4 || !lines[0].starts_with(kComment) || !lines[2].starts_with(kTrusted))
    return fail(ErrorKind::invalid, "the signature is not one of minisign's (four lines)");
  SignatureFile out;
  TRY_ASSIGN(out.body, decoded(lines[1], 10 + kSignatureBytes, "the signature"));
  if (out.body[0] == 'E' && out.body[1] == 'd')
    return fail(ErrorKind::unsupported,
                "the signature is of minisign's old kind; sign again without -l");
  if (out.body[0] != 'E' || out.body[1] != 'D')
    return fail(ErrorKind::unsupported, "the signature is of an unknown kind");
  out.comment = lines[2].substr(kTrusted.size());
  TRY_ASSIGN(out.seal, decoded(lines[3], kSignatureBytes, "the signature of the comment"));
  return out;
}

}  // namespace

std::string id_text(const KeyId& id) {
  std::string out;
  for (auto byte = id.rbegin(); byte != id.rend(); ++byte) out += fmt::format("{:02X}", *byte);
  return out;
}

std::string key_text(const PublicKey& key) {
  Bytes bytes{'E', 'd'};
  bytes.insert(bytes.end(), key.id.begin(), key.id.end());
  bytes.insert(bytes.end(), key.key.begin(), key.key.end());
  return encoded(bytes);
}

Result<PublicKey> parse_public_key(std::string_view text) {
  TRY_ASSIGN(const std::string_view line, key_line(text, "the public key"));
  TRY_ASSIGN(const Bytes bytes, decoded(line, 42, "the public key"));
  if (bytes[0] != 'E' || bytes[1] != 'd')
    return fail(ErrorKind::unsupported, "the public key is of another kind than Ed25519");
  PublicKey key;
  std::copy_n(bytes.begin() + 2, 8, key.id.begin());
  std::copy_n(bytes.begin() + 10, 32, key.key.begin());
  return key;
}

// Kind, kind of password, kind of checksum: 2 each; 48 of the password's parameters; then the rest.
Result<SecretKey> parse_secret_key(std::string_view text) {
  constexpr size_t kId = 54, kSeed = 62, kPublic = 94, kAll = 158;
  TRY_ASSIGN(const std::string_view line, key_line(text, "the secret key"));
  TRY_ASSIGN(const Bytes bytes, decoded(line, kAll, "the secret key"));
  if (bytes[0] != 'E' || bytes[1] != 'd')
    return fail(ErrorKind::unsupported, "the secret key is of another kind than Ed25519");
  if (bytes[2] != 0 || bytes[3] != 0)
    return fail(ErrorKind::unsupported,
                "the secret key has a password; `minisign -C -W -s KEY` takes it off");
  SecretKey key;
  std::copy_n(bytes.begin() + kId, 8, key.pair.id.begin());
  std::copy_n(bytes.begin() + kSeed, 32, key.seed.begin());
  std::copy_n(bytes.begin() + kPublic, 32, key.pair.key.begin());
  TRY_ASSIGN(const Bytes probe, signature_of(bytes, key));
  if (!is_signed(bytes, probe.data(), key.pair))
    return fail(ErrorKind::invalid, "the secret key is damaged: its two halves do not fit");
  return key;
}

Result<std::string> sign(std::string_view message, const SecretKey& key, std::string_view comment) {
  if (comment.find_first_of("\r\n") != std::string_view::npos)
    return fail(ErrorKind::invalid, "the comment of a signature must be one line");
  TRY_ASSIGN(const Bytes hash, hash_of(message));
  TRY_ASSIGN(const Bytes signature, signature_of(hash, key));
  TRY_ASSIGN(const Bytes seal, signature_of(sealed(signature.data(), comment), key));
  std::array<uint8_t, 10 + kSignatureBytes> body = {'E', 'D'};
  std::copy(key.pair.id.begin(), key.pair.id.end(), body.begin() + 2);
  std::copy_n(signature.begin(), kSignatureBytes, body.begin() + 10);
  return fmt::format("{} signature by tokenmill\n{}\n{}{}\n{}\n", kComment, encoded(body), kTrusted,
                     comment, encoded(seal));
}

Result<std::string> verify(std::string_view message, std::string_view signature,
                           const PublicKey& key) {
  TRY_ASSIGN(const SignatureFile file, parse_signature(signature));
  KeyId id{};
  std::copy_n(file.body.begin() + 2, 8, id.begin());
  if (id != key.id)
    return fail(ErrorKind::invalid, "signed by the key {}, not by {}, which is trusted",
                id_text(id), id_text(key.id));
  TRY_ASSIGN(const Bytes hash, hash_of(message));
  const uint8_t* ours = file.body.data() + 10;
  if (!is_signed(hash, ours, key))
    return fail(ErrorKind::invalid, "the signature is not of these bytes");
  if (!is_signed(sealed(ours, file.comment), file.seal.data(), key))
    return fail(ErrorKind::invalid, "the trusted comment is not the one that was signed");
  return std::string(file.comment);
}

Result<SecretKey> make_key() {
  SecretKey key;
  if (RAND_bytes(key.seed.data(), 32) != 1 || RAND_bytes(key.pair.id.data(), 8) != 1)
    return fail(ErrorKind::io, "the system gives no random numbers");
  const Key loaded(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, key.seed.data(), 32),
                   EVP_PKEY_free);
  size_t size = 32;
  if (loaded && EVP_PKEY_get_raw_public_key(loaded.get(), key.pair.key.data(), &size) == 1)
    return key;
  return fail(ErrorKind::unsupported, "this OpenSSL cannot make keys of Ed25519");
}

std::string public_key_text(const PublicKey& key) {
  Bytes bytes = {'E', 'd'};
  bytes.insert(bytes.end(), key.id.begin(), key.id.end());
  bytes.insert(bytes.end(), key.key.begin(), key.key.end());
  return fmt::format("{} minisign public key {}\n{}\n", kComment, id_text(key.id), encoded(bytes));
}

// The checksum is of the kind and of what stands before it.
std::string secret_key_text(const SecretKey& key) {
  Bytes body(key.pair.id.begin(), key.pair.id.end());
  body.insert(body.end(), key.seed.begin(), key.seed.end());
  body.insert(body.end(), key.pair.key.begin(), key.pair.key.end());
  Bytes checked = {'E', 'd'};
  checked.insert(checked.end(), body.begin(), body.end());
  std::array<uint8_t, 32> checksum{};  // BLAKE2b-256, which OpenSSL 3.0 does not have
  crypto_generichash_blake2b(checksum.data(), checksum.size(), checked.data(), checked.size(),
                             nullptr, 0);
  Bytes bytes = {'E', 'd', 0, 0, 'B', '2'};
  bytes.resize(54);
  bytes.insert(bytes.end(), body.begin(), body.end());
  bytes.insert(bytes.end(), checksum.begin(), checksum.end());
  return fmt::format("{} minisign secret key {}\n{}\n", kComment, id_text(key.pair.id),
                     encoded(bytes));
}

Result<std::string> sign_plain(std::string_view message, const SecretKey& key) {
  TRY_ASSIGN(const Bytes signature, signature_of(span_of(message), key));
  return encoded(signature);
}

Result<void> verify_plain(std::string_view message, std::string_view signature,
                          const PublicKey& key) {
  TRY_ASSIGN(const Bytes bytes, decoded(signature, kSignatureBytes, "the signature"));
  if (encoded(bytes) != signature)
    return fail(ErrorKind::invalid, "the signature's base64 is not the shortest of its bytes");
  if (is_signed(span_of(message), bytes.data(), key)) return {};
  return fail(ErrorKind::invalid, "the signature is not of these bytes by the key {}",
              id_text(key.id));
}

}  // namespace mill::package
