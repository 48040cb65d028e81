#include "base/utc.h"

#include <fmt/chrono.h>

#include <ctime>

namespace mill {

Result<int64_t> utc_of(const std::string& text) {
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"}) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), format, &parts);
    if (end != nullptr && *end == '\0') return static_cast<int64_t>(::timegm(&parts));
  }
  return fail(ErrorKind::invalid, "'{}' is no time; write 2026-11-01 or 2026-11-01T12:30:00Z",
              text);
}

std::string utc_text(int64_t unix_time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_time)));
}

}  // namespace mill
