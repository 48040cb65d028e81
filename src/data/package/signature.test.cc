#include "data/package/signature.h"

#include <doctest/doctest.h>

namespace mill::package {
namespace {

// Made by Debian's minisign 0.11: minisign -G -W, and minisign -S of a file "hello\n".
constexpr const char* kPublic =
    "untrusted comment: minisign public key A03C1121FC2BE141\n"
    "RWRB4Sv8IRE8oK5cQrAYLKsTD8thOSEcT0qH5QTQ7Z0XB9dQJ5a8gDW0\n";
constexpr const char* kSecret =
    "untrusted comment: minisign encrypted secret key\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "QeEr/CERPKBQD42GwP6xryC3rnGEOE+9vUlMy5DMGmnGxJBrngAEqa5cQrAYLKsTD8thOSEcT0qH5QTQ7Z0XB9dQJ5a8"
    "gDW0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
constexpr const char* kSignature =
    "untrusted comment: signature from minisign secret key\n"
    "RURB4Sv8IRE8oKnszptf5xrUZt1EBeQqkkOltkzgJRq+CxEs9VG6VPPhktq1HXUsivbc4tU3kaTo0ZEqYlJpWBFhgpv4"
    "TnBIggU=\n"
    "trusted comment: timestamp:1795697975\tfile:f\thashed\n"
    "3uP+su64V1UpagozxGkEfnxWgslBlSSkiQ+BIV7G9ToDChSsKLUkT5aQJs51yIxFrm9GcyOYAJsHOm+mbujxBw==\n";

std::string changed(std::string text, const char* from, const char* to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, std::string_view(from).size(), to);
}

}  // namespace

TEST_CASE("a signature of minisign's is checked, and a changed bit of anything fails") {
  const auto key = parse_public_key(kPublic);
  REQUIRE(key.has_value());
  CHECK(id_text(key->id) == "A03C1121FC2BE141");
  CHECK(verify("hello\n", kSignature, *key).value() == "timestamp:1795697975\tfile:f\thashed");
  CHECK(verify("hello", kSignature, *key).error().message.contains("not of these bytes"));
  CHECK(verify("hello\n", changed(kSignature, "file:f", "file:g"), *key)
            .error()
            .message.contains("trusted comment"));
  CHECK_FALSE(verify("hello\n", changed(kSignature, "Knszptf", "Knszptg"), *key).has_value());
  PublicKey other = *key;
  other.id[0] ^= 1;
  CHECK(verify("hello\n", kSignature, other).error().message.contains("signed by the key"));
  other = *key;
  other.key[0] ^= 1;
  CHECK_FALSE(verify("hello\n", kSignature, other).has_value());
}

TEST_CASE("every byte of a signature's base64 counts") {
  const auto key = parse_public_key(kPublic);
  const std::string good = kSignature;
  const size_t begin = good.find("RUR"), end = good.find('\n', begin) - 2;
  for (size_t i = begin; i < end; ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    CHECK_MESSAGE(!verify("hello\n", bad, *key).has_value(), i);
  }
}

TEST_CASE("what we sign, we verify; the same each time") {
  const auto key = parse_secret_key(kSecret);
  REQUIRE_MESSAGE(key.has_value(), (key ? "" : key.error().message));
  const auto signature = sign("text", *key, "a comment");
  REQUIRE(signature.has_value());
  CHECK(verify("text", *signature, key->pair).value() == "a comment");
  CHECK(sign("text", *key, "a comment").value() == *signature);
  CHECK_FALSE(sign("text", *key, "two\nlines").has_value());
}

TEST_CASE("keys that are none say why") {
  CHECK_FALSE(parse_public_key("").has_value());
  CHECK_FALSE(parse_public_key("a\nb\n").has_value());
  CHECK(parse_public_key("RWRB4Sv8IRE8oK5cQrAYLKsTD8thOSEcT0qH5QTQ7Z0XB9dQJ5a8gDW0").has_value());
  CHECK(parse_secret_key(changed(kSecret, "RWQAAEIy", "RWRTY0Iy"))
            .error()
            .message.contains("has a password"));
  CHECK(parse_secret_key(changed(kSecret, "PKBQD42G", "PKBQD42H"))
            .error()
            .message.contains("damaged"));
}

}  // namespace mill::package
