#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "apps/command.h"
#include "data/package/signature.h"

namespace mill::apps {
namespace {

struct KeyFiles {
  std::string secret, open;
};

// Never over another key, which signatures may hang on.
Result<void> write_new(const std::string& path, const std::string& text, mode_t mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return fail(ErrorKind::io, "{}: {}", path, std::strerror(errno));
  const bool whole = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool kept = ::fsync(file) == 0;
  ::close(file);
  if (whole && kept) return {};
  return fail(ErrorKind::io, "{}: {}", path, std::strerror(errno));
}

Result<void> make_pair(const KeyFiles& files) {
  TRY_ASSIGN(const package::SecretKey key, package::make_key());
  TRY(write_new(files.secret, package::secret_key_text(key), 0600));
  TRY(write_new(files.open, package::public_key_text(key.pair), 0644));
  fmt::print("{}: signs receipts; keep it secret\n{}: checks them; give it to everybody\n",
             files.secret, files.open);
  return {};
}

}  // namespace

Run add_receipts(CLI::App& command) {
  auto files = std::make_shared<KeyFiles>();
  command.require_subcommand(1);
  CLI::App* key = command.add_subcommand("key", "Make a pair of keys, in minisign's files");
  key->add_option("--secret", files->secret, "File to make, for `serve --receipt-key`")->required();
  key->add_option("--public", files->open, "File to make, for `verify --public-key`")->required();
  return [files] { return make_pair(*files); };
}

}  // namespace mill::apps
