#pragma once
// Ed25519 signatures in the files of minisign (docs/formats/package.md).

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mill::package {

using KeyId = std::array<uint8_t, 8>;

struct PublicKey {
  KeyId id{};
  std::array<uint8_t, 32> key{};
};

struct SecretKey {
  PublicKey pair;
  std::array<uint8_t, 32> seed{};
};

// The text of a key file: a comment line and a line of base64. Of a public key, the base64 alone
// will do.
Result<PublicKey> parse_public_key(std::string_view text);
Result<SecretKey> parse_secret_key(std::string_view text);

// A new pair, and the files of its halves; the secret one has no password.
Result<SecretKey> make_key();
std::string public_key_text(const PublicKey&);
std::string secret_key_text(const SecretKey&);

std::string key_text(const PublicKey&);  // the line of base64, which parses to the same
std::string id_text(const KeyId&);       // "A03C1121FC2BE141", as minisign prints it

// The text of a signature file. The comment is signed, too; it must be one line.
Result<std::string> sign(std::string_view message, const SecretKey&, std::string_view comment);

// The trusted comment, if the signature is by this key and of this message.
Result<std::string> verify(std::string_view message, std::string_view signature, const PublicKey&);

// Ed25519 of the message itself (RFC 8032), without minisign's wrapping: 64 bytes as base64.
Result<std::string> sign_plain(std::string_view message, const SecretKey&);
Result<void> verify_plain(std::string_view message, std::string_view signature, const PublicKey&);

}  // namespace mill::package
