#include "data/fetch/digest.h"

#include <doctest/doctest.h>

#include <fstream>

#include "base/scratch_folder.h"

namespace mill::fetch {
namespace {

std::filesystem::path file_with(const std::string& content) {
  const auto path = test_data::empty_folder("digest") / "file.bin";
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

// The first two are FIPS 180-2's examples; the blobs are what `git hash-object` says.
TEST_CASE("digests of known contents") {
  CHECK(sha256_of(file_with("abc")).value() ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_of(file_with("")).value() ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(git_blob_of(file_with("")).value() == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  CHECK(git_blob_of(file_with("hello\n")).value() == "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST_CASE("what comes in pieces has the digest of the whole") {
  Sha256 digest;
  for (const char letter : {'a', 'b', 'c'}) digest.update(std::as_bytes(std::span(&letter, 1)));
  CHECK(digest.hex() == sha256_of_text("abc"));
  CHECK(sha256_of_text("abc") == sha256_of(file_with("abc")).value());
}

TEST_CASE("a file is checked against either kind of digest, told apart by length") {
  const auto path = file_with("hello\n");
  CHECK(check_digest(path, "ce013625030ba8dba906f756967f9e9ca394464a").has_value());
  CHECK(check_digest(path, std::string(64, '0')).error().message.find("checksum") !=
        std::string::npos);
  CHECK(!check_digest(path, std::string(40, 'a')).has_value());
  CHECK(check_digest(path, "W/\"some other tag\"").has_value());
  CHECK(check_digest(path, "").has_value());
}

TEST_CASE("a file that is not there is an error") { CHECK(!sha256_of("/no/such").has_value()); }

}  // namespace
}  // namespace mill::fetch
