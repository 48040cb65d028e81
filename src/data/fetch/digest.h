#pragma once
// Checksums of files, in lower-case hexadecimal.

#include <openssl/types.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mill::fetch {

// SHA-256 of what comes in pieces.
class Sha256 {
 public:
  Sha256();
  void update(std::span<const std::byte>);
  std::string hex();  // once, at the end

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

Result<std::string> sha256_of(const std::filesystem::path&);
std::string sha256_of_text(std::string_view);

// git's name of a file's content: SHA-1 over "blob <length>\0" and the bytes. Model hubs that are
// git repositories use it as the ETag of small files.
Result<std::string> git_blob_of(const std::filesystem::path&);

// Checks a file against a digest of either kind, told apart by length (64 or 40 digits); any other
// text is no digest we know, and passes.
Result<void> check_digest(const std::filesystem::path&, const std::string& expected);

}  // namespace mill::fetch
