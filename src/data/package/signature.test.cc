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
  CHECK(key_text(*parse_public_key(kPublic)) ==
        "RWRB4Sv8IRE8oK5cQrAYLKsTD8thOSEcT0qH5QTQ7Z0XB9dQJ5a8gDW0");
  CHECK(parse_secret_key(changed(kSecret, "RWQAAEIy", "RWRTY0Iy"))
            .error()
            .message.contains("has a password"));
  CHECK(parse_secret_key(changed(kSecret, "PKBQD42G", "PKBQD42H"))
            .error()
            .message.contains("damaged"));
}

TEST_CASE("a key that is made reads as what it was, and signs") {
  const auto key = make_key();
  REQUIRE(key.has_value());
  const auto secret = parse_secret_key(secret_key_text(*key));
  REQUIRE(secret.has_value());
  CHECK(secret->seed == key->seed);
  const auto open = parse_public_key(public_key_text(key->pair));
  REQUIRE(open.has_value());
  CHECK(verify("text", sign("text", *secret, "c").value(), *open).value() == "c");
  CHECK(make_key()->seed != key->seed);
}

// Test 1 of RFC 8032, section 7.1: the signature of no bytes at all.
TEST_CASE("a plain signature is RFC 8032's") {
  SecretKey key;
  key.seed = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
              0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
              0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
  key.pair.key = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
                  0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
                  0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
  const auto signature = sign_plain("", key);
  REQUIRE(signature.has_value());
  CHECK(*signature ==
        "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==");
  CHECK(verify_plain("", *signature, key.pair).has_value());
  CHECK_FALSE(verify_plain("x", *signature, key.pair).has_value());
  for (const char* wrong :
       {"", "AAAA", "not base64 at all, however long it may be made to look, by a"})
    CHECK_FALSE(verify_plain("", wrong, key.pair).has_value());
}

}  // namespace mill::package
