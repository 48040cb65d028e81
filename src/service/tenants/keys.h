#pragma once
// API keys: 256 random bits each, of which the file keeps the SHA-256 alone. (A slow hash is for
// passwords, which can be guessed; these cannot.)
//
// {"keys": [{"id": "key_0123456789ab", "tenant": "acme", "name": "ci", "sha256": "…",
//            "scopes": ["inference"], "created": "2026-11-01T12:00:00Z",
//            "expires": null, "revoked": null}]}

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace mill::tenants {

inline constexpr const char* kScopes[] = {"inference", "metrics", "operations", "admin"};

struct Key {
  std::string id, tenant, name, sha256;
  std::vector<std::string> scopes;
  int64_t created = 0, expires = 0, revoked = 0;  // seconds since the epoch; 0 = never

  bool may(std::string_view scope) const;
};

struct KeyRing {
  std::vector<Key> keys;
  std::unordered_map<std::string, size_t> by_hash = {};  // of what was parsed

  static Result<KeyRing> parse(const std::string& json);
  std::string json() const;
  const Key* find(std::string_view secret) const;  // null = none of these
};

// "sk-mill-" and 43 characters of base64url; whoever has it is the tenant.
std::string new_secret();
std::string new_key_id();
std::string sha256_of_text(std::string_view);

Result<void> check_tenant(const std::string&);  // 1 to 64 letters, digits, . _ -
Result<void> check_scope(const std::string&);

}  // namespace mill::tenants
