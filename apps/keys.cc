#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "apps/command.h"
#include "base/new_file.h"
#include "base/utc.h"
#include "service/tenants/keys.h"

namespace mill::apps {
namespace {

namespace fs = std::filesystem;
using tenants::Key;
using tenants::KeyRing;

struct KeysOptions {
  std::string file, tenant, name, expires, id;
  std::vector<std::string> scopes = {"inference"};
  bool json = false;
};

Result<KeyRing> read_keys(const fs::path& path) {
  std::ifstream file(path);
  if (!file) return fail(ErrorKind::not_found, "{}: there is no such file", path.string());
  std::stringstream text;
  text << file.rdbuf();
  auto ring = KeyRing::parse(text.str());
  if (!ring) return within(path.string(), std::move(ring).error());
  return ring;
}

// One `keys` at a time changes the file, so that none undoes another's work.
class Lock {
 public:
  explicit Lock(const fs::path& path)
      : file_(::open((path.string() + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {
    if (file_ >= 0) ::flock(file_, LOCK_EX);
  }
  ~Lock() {
    if (file_ >= 0) ::close(file_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_;
};

// By a rename, so that a server sees the old file or the new one; for its owner's eyes alone.
Result<void> write_keys(const fs::path& path, const KeyRing& ring) {
  TRY_ASSIGN(NewFile file, NewFile::create(path));
  const std::string text = ring.json();
  TRY(file.write(std::as_bytes(std::span(text))));
  TRY(file.commit());
  std::error_code ignored;
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write, ignored);
  return {};
}

int64_t now() { return static_cast<int64_t>(std::time(nullptr)); }

// "90d" from now, or a time.
Result<int64_t> expiry_of(const std::string& text) {
  if (text.empty()) return 0;
  char* end = nullptr;
  const long long days = std::strtoll(text.c_str(), &end, 10);
  if (std::string_view(end) == "d" && days > 0 && days < 100'000) return now() + days * 86'400;
  auto time = utc_of(text);
  if (!time) return fail(ErrorKind::invalid, "--expires {}: write 90d or 2026-12-31", text);
  if (*time <= now()) return fail(ErrorKind::invalid, "--expires {} is past", text);
  return time;
}

Result<void> add(const KeysOptions& options) {
  TRY(tenants::check_tenant(options.tenant));
  for (const std::string& scope : options.scopes) TRY(tenants::check_scope(scope));
  TRY_ASSIGN(const int64_t expires, expiry_of(options.expires));
  const Lock lock(options.file);
  KeyRing ring;
  if (fs::exists(options.file)) {
    TRY_ASSIGN(ring, read_keys(options.file));
  }
  const std::string secret = tenants::new_secret();
  ring.keys.push_back({.id = tenants::new_key_id(),
                       .tenant = options.tenant,
                       .name = options.name,
                       .sha256 = tenants::sha256_of_text(secret),
                       .scopes = options.scopes,
                       .created = now(),
                       .expires = expires});
  TRY(write_keys(options.file, ring));
  fmt::print(stderr, "{} of tenant {}; the key itself is shown this once:\n", ring.keys.back().id,
             options.tenant);
  fmt::print("{}\n", secret);
  return {};
}

std::string state_of(const Key& key) {
  if (key.revoked != 0) return "revoked " + utc_text(key.revoked);
  if (key.expires != 0)
    return (key.expires <= now() ? "expired " : "until ") + utc_text(key.expires);
  return "valid";
}

Result<void> list(const KeysOptions& options) {
  TRY_ASSIGN(const KeyRing ring, read_keys(options.file));
  if (options.json) {
    fmt::print("{}", ring.json());
    return {};
  }
  for (const Key& key : ring.keys)
    fmt::print("{}  {:<16} {:<16} {:<20} {}\n", key.id, key.tenant, key.name,
               fmt::format("{}", fmt::join(key.scopes, ",")), state_of(key));
  return {};
}

Result<void> revoke(const KeysOptions& options) {
  const Lock lock(options.file);
  TRY_ASSIGN(KeyRing ring, read_keys(options.file));
  for (Key& key : ring.keys) {
    if (key.id != options.id) continue;
    if (key.revoked == 0) key.revoked = now();
    TRY(write_keys(options.file, ring));
    fmt::print("{} is revoked\n", key.id);
    return {};
  }
  return fail(ErrorKind::not_found, "{} has no key '{}'; `tokenmill keys list` shows what it has",
              options.file, options.id);
}

CLI::App* add_action(CLI::App& command, const char* name, const char* summary,
                     KeysOptions& options) {
  CLI::App* action = command.add_subcommand(name, summary);
  action->add_option("--file", options.file, "File of keys")->required();
  return action;
}

}  // namespace

Run add_keys(CLI::App& command) {
  auto options = std::make_shared<KeysOptions>();
  command.require_subcommand(1);
  CLI::App* adding = add_action(command, "add", "Make a key, and print it once", *options);
  adding->add_option("--tenant", options->tenant, "Whose it is, and who pays")->required();
  adding->add_option("--name", options->name, "What it is for");
  adding->add_option(
      "--scope", options->scopes,
      "What it may do: inference, metrics, operations, admin [inference]; may be repeated");
  adding->add_option("--expires", options->expires, "When it ends: 90d, 2026-12-31 [never]");
  CLI::App* listing = add_action(command, "list", "List the keys", *options);
  listing->add_flag("--json", options->json, "The file itself");
  CLI::App* revoking = add_action(command, "revoke", "End a key now", *options);
  revoking->add_option("id", options->id, "key_…, as `list` shows it")->required();
  return [options, adding, listing] {
    if (adding->parsed()) return add(*options);
    return listing->parsed() ? list(*options) : revoke(*options);
  };
}

}  // namespace mill::apps
