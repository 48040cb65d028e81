#include "service/tenants/wishes.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace mill::tenants {
namespace {

constexpr int kPriorityMax = 100;
constexpr double kQueueSecondsMax = 86'400;

// The whole text is a number.
template <class Number>
bool parse(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

http::Checked<void> read_wishes(const http::Request& request, http::Caller& caller) {
  const std::string_view priority = request.header("X-Priority");
  if (!priority.empty() && (!parse(priority, caller.priority) || caller.priority < -kPriorityMax ||
                            caller.priority > kPriorityMax))
    return http::refuse(fmt::format("'X-Priority' must be a whole number from {} to {}",
                                    -kPriorityMax, kPriorityMax),
                        "X-Priority");
  const std::string_view wait = request.header("X-Queue-Timeout");
  if (wait.empty()) return {};
  double seconds = 0;
  if (!parse(wait, seconds) || !(seconds >= 0.001 && seconds <= kQueueSecondsMax))
    return http::refuse(
        fmt::format("'X-Queue-Timeout' must be seconds from 0.001 to {}", kQueueSecondsMax),
        "X-Queue-Timeout");
  caller.queue_ms_max = std::llround(seconds * 1000);
  return {};
}

}  // namespace mill::tenants
