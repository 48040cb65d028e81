#pragma once
// How much a tenant may use, in tokens (of prompt and answer) and in euros, by calendar windows of
// UTC:
//
// {"default": {"tokens_per_minute": 20000},
//  "tenants": {"acme": {"tokens_per_day": 2000000, "euros_per_month": 50}}}
//
// A tenant's row stands for itself; what it leaves out has no limit.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"

namespace mill::tenants {

enum class Window : uint8_t { minute, day, month };
inline constexpr size_t kWindows = 3;

// Where it began and where it ends, in seconds since the epoch: began ≤ now < ends.
struct Span {
  int64_t began = 0, ends = 0;
};
Span window_at(Window, int64_t now);

struct Limit {
  std::array<std::optional<int64_t>, kWindows> tokens, nanoeuros;  // by Window
};

struct Limits {
  Limit usual;
  std::map<std::string, Limit> tenants;

  static Result<Limits> parse(const std::string& json);
  const Limit& of(const std::string& tenant) const;
};

}  // namespace mill::tenants
