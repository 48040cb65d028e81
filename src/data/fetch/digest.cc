#include "data/fetch/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <memory>
#include <vector>

#include "base/assert.h"

namespace mill::fetch {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;

std::string hex(const unsigned char* bytes, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

Result<std::string> digest_of(const std::filesystem::path& path, const EVP_MD* kind,
                              const std::string& preamble) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::io, "{}: cannot be read", path.string());
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  ASSERT(EVP_DigestInit_ex(context.get(), kind, nullptr) == 1);
  EVP_DigestUpdate(context.get(), preamble.data(), preamble.size());
  std::vector<char> chunk(kChunkBytes);
  while (file) {
    file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    EVP_DigestUpdate(context.get(), chunk.data(), static_cast<size_t>(file.gcount()));
  }
  if (file.bad()) return fail(ErrorKind::io, "{}: reading failed half way", path.string());
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int count = 0;
  EVP_DigestFinal_ex(context.get(), bytes.data(), &count);
  return hex(bytes.data(), count);
}

bool is_hex(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c); });
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::update(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int count = 0;
  EVP_DigestFinal_ex(context_.get(), bytes.data(), &count);
  return fetch::hex(bytes.data(), count);
}

std::string sha256_of_text(std::string_view text) {
  Sha256 digest;
  digest.update(std::as_bytes(std::span(text.data(), text.size())));
  return digest.hex();
}

Result<std::string> sha256_of(const std::filesystem::path& path) {
  return digest_of(path, EVP_sha256(), "");
}

Result<std::string> git_blob_of(const std::filesystem::path& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error) return fail(ErrorKind::io, "{}: {}", path.string(), error.message());
  std::string preamble = fmt::format("blob {}", bytes);
  preamble.push_back('\0');
  return digest_of(path, EVP_sha1(), preamble);
}

Result<void> check_digest(const std::filesystem::path& path, const std::string& expected) {
  if (!is_hex(expected) || (expected.size() != 64 && expected.size() != 40)) return {};
  TRY_ASSIGN(const std::string found, expected.size() == 64 ? sha256_of(path) : git_blob_of(path));
  if (found == expected) return {};
  return fail(ErrorKind::invalid, "{}: the checksum is {}, not {} as it should be",
              path.filename().string(), found, expected);
}

}  // namespace mill::fetch
