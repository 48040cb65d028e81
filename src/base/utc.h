#pragma once
// Times as files and people write them: UTC, in ISO 8601.

#include <cstdint>
#include <string>

#include "base/error.h"

namespace mill {

// "2026-11-01" (its beginning) or "2026-11-01T12:30:00Z" → seconds since the epoch.
Result<int64_t> utc_of(const std::string& text);

std::string utc_text(int64_t unix_time);  // "2026-11-01T12:30:00Z"

}  // namespace mill
