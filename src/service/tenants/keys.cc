#include "service/tenants/keys.h"

#include <fmt/ranges.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "base/utc.h"

namespace mill::tenants {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kTenantMax = 64, kSecretBytes = 32, kIdBytes = 6;

template <size_t count>
std::array<uint8_t, count> random_bytes() {
  std::array<uint8_t, count> bytes{};
  const int drawn = RAND_bytes(bytes.data(), static_cast<int>(count));
  ASSERT(drawn == 1, drawn);
  return bytes;
}

template <class Bytes>
std::string hex_of(const Bytes& bytes) {
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

// RFC 4648, section 5, without padding.
template <class Bytes>
std::string base64url_of(const Bytes& bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  uint32_t bits = 0;
  int held = 0;
  for (const uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 6; held -= 6) out += kDigits[bits >> (held - 6) & 63];
  }
  if (held > 0) out += kDigits[bits << (6 - held) & 63];
  return out;
}

Json time_json(int64_t time) {
  if (time == 0) return nullptr;
  return utc_text(time);
}

Result<int64_t> time_in(const Json& row, const char* name) {
  const Json value = row.value(name, Json());
  if (value.is_null()) return 0;
  if (!value.is_string()) return fail(ErrorKind::invalid, "'{}' must be a time or null", name);
  return utc_of(value.get<std::string>());
}

Result<std::vector<std::string>> scopes_in(const Json& row) {
  std::vector<std::string> scopes;
  const Json list = row.value("scopes", Json());
  if (!list.is_array()) return fail(ErrorKind::invalid, "'scopes' must be an array of strings");
  for (const Json& scope : list) {
    if (!scope.is_string()) return fail(ErrorKind::invalid, "'scopes' must be strings");
    TRY(check_scope(scope.get<std::string>()));
    scopes.push_back(scope);
  }
  return scopes;
}

Result<Key> key_of(const Json& row) {
  if (!row.is_object()) return fail(ErrorKind::invalid, "a key must be an object");
  Key key;
  const std::array<std::pair<const char*, std::string*>, 4> texts = {
      {{"id", &key.id}, {"tenant", &key.tenant}, {"name", &key.name}, {"sha256", &key.sha256}}};
  for (const auto& [name, out] : texts) {
    const Json value = row.value(name, Json());
    if (!value.is_string()) return fail(ErrorKind::invalid, "'{}' must be a string", name);
    *out = value;
  }
  TRY(check_tenant(key.tenant));
  if (key.sha256.size() != 2 * SHA256_DIGEST_LENGTH)
    return fail(ErrorKind::invalid, "'sha256' must have 64 digits");
  TRY_ASSIGN(key.scopes, scopes_in(row));
  TRY_ASSIGN(key.created, time_in(row, "created"));
  TRY_ASSIGN(key.expires, time_in(row, "expires"));
  TRY_ASSIGN(key.revoked, time_in(row, "revoked"));
  return key;
}

}  // namespace

bool Key::may(std::string_view scope) const {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

Result<KeyRing> KeyRing::parse(const std::string& text) {
  const Json whole = Json::parse(text, nullptr, false);
  const Json list = whole.is_object() ? whole.value("keys", Json()) : Json();
  if (!list.is_array())
    return fail(ErrorKind::invalid, "no file of keys; `tokenmill keys add` makes one");
  KeyRing ring;
  for (size_t i = 0; i < list.size(); ++i) {
    auto key = key_of(list[i]);
    if (!key) return within(fmt::format("keys[{}]", i), std::move(key).error());
    ring.by_hash[key->sha256] = i;
    ring.keys.push_back(std::move(*key));
  }
  return ring;
}

std::string KeyRing::json() const {
  Json list = Json::array();
  for (const Key& key : keys)
    list.push_back({{"id", key.id},
                    {"tenant", key.tenant},
                    {"name", key.name},
                    {"sha256", key.sha256},
                    {"scopes", key.scopes},
                    {"created", time_json(key.created)},
                    {"expires", time_json(key.expires)},
                    {"revoked", time_json(key.revoked)}});
  const Json whole = {{"keys", std::move(list)}};
  return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// How long the look-up takes may tell of the hash, which tells nothing of the secret.
const Key* KeyRing::find(std::string_view secret) const {
  const auto found = by_hash.find(sha256_of_text(secret));
  return found == by_hash.end() ? nullptr : &keys[found->second];
}

std::string new_secret() { return "sk-mill-" + base64url_of(random_bytes<kSecretBytes>()); }

std::string new_key_id() { return "key_" + hex_of(random_bytes<kIdBytes>()); }

std::string sha256_of_text(std::string_view text) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  return hex_of(digest);
}

Result<void> check_tenant(const std::string& tenant) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-").find(c) != std::string_view::npos;
  };
  if (!tenant.empty() && tenant.size() <= kTenantMax &&
      std::all_of(tenant.begin(), tenant.end(), fits))
    return {};
  return fail(ErrorKind::invalid, "tenant '{}': 1 to {} letters, digits, dots, _ and - are needed",
              tenant, kTenantMax);
}

Result<void> check_scope(const std::string& scope) {
  if (std::find(std::begin(kScopes), std::end(kScopes), scope) != std::end(kScopes)) return {};
  return fail(ErrorKind::invalid, "there is no scope '{}'; there are {}", scope,
              fmt::join(kScopes, ", "));
}

}  // namespace mill::tenants
