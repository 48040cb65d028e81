#pragma once
// Numbers as the console's JSON has them.

#include <cmath>
#include <cstdint>
#include <optional>

#include "service/http/json_body.h"

namespace mill::web {

// Six digits after the point: of seconds, microseconds; of all else, more than anybody draws.
inline double rounded(double value) { return std::round(value * 1e6) / 1e6; }

inline http::Json rounded_or_null(std::optional<double> value) {
  if (!value) return nullptr;
  return rounded(*value);
}

// Nanoseconds since 1970 → milliseconds; of those, a double has three decimals until 2255.
inline double milliseconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds / 1000) / 1e3;
}

// Of another clock, which is behind by `shift`; 0 = it has not come to that.
inline http::Json milliseconds_or_null(int64_t nanoseconds, int64_t shift) {
  if (nanoseconds == 0) return nullptr;
  return milliseconds(nanoseconds + shift);
}

}  // namespace mill::web
