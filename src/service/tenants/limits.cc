#include "service/tenants/limits.h"

#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

namespace mill::tenants {
namespace {

using nlohmann::json;

constexpr double kNano = 1e9, kMost = 9e9;

struct Field {
  const char* name;
  Window window;
  bool euros;
};
constexpr std::array kFields = {
    Field{"tokens_per_minute", Window::minute, false}, Field{"tokens_per_day", Window::day, false},
    Field{"tokens_per_month", Window::month, false},   Field{"euros_per_day", Window::day, true},
    Field{"euros_per_month", Window::month, true},
};

const Field* field_named(const std::string& name) {
  for (const Field& row : kFields) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

Result<Limit> limit_of(const json& row, const std::string& place) {
  if (!row.is_object()) return fail(ErrorKind::invalid, "{} must be an object of limits", place);
  Limit limit;
  for (const auto& [name, value] : row.items()) {
    const Field* field = field_named(name);
    if (field == nullptr)
      return fail(ErrorKind::invalid,
                  "{}.{} is not known; there are tokens_per_minute, tokens_per_day, "
                  "tokens_per_month, euros_per_day and euros_per_month",
                  place, name);
    const double number = value.is_number() ? value.get<double>() : -1;
    const double most = field->euros ? kMost : 1e18;
    if (number < 0 || number > most || (!field->euros && number != std::floor(number)))
      return fail(ErrorKind::invalid, "{}.{} must be {} from 0 on", place, name,
                  field->euros ? "euros" : "a whole number of tokens");
    auto& out = field->euros ? limit.nanoeuros : limit.tokens;
    out[static_cast<size_t>(field->window)] = std::llround(number * (field->euros ? kNano : 1));
  }
  return limit;
}

}  // namespace

Span window_at(Window window, int64_t now) {
  if (window == Window::minute) return {now - now % 60, now - now % 60 + 60};
  if (window == Window::day) return {now - now % 86'400, now - now % 86'400 + 86'400};
  const std::time_t time = static_cast<std::time_t>(now);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::tm first{};
  first.tm_year = parts.tm_year;
  first.tm_mon = parts.tm_mon;
  first.tm_mday = 1;
  std::tm next = first;
  ++next.tm_mon;  // timegm takes a 13th month for the next year's first
  return {static_cast<int64_t>(::timegm(&first)), static_cast<int64_t>(::timegm(&next))};
}

Result<Limits> Limits::parse(const std::string& text) {
  const json whole = json::parse(text, nullptr, false);
  if (!whole.is_object())
    return fail(ErrorKind::invalid,
                "not a JSON object; write {{\"default\": {{\"tokens_per_day\": 100000}}}}");
  Limits limits;
  for (const auto& [name, value] : whole.items()) {
    if (name == "default") {
      TRY_ASSIGN(limits.usual, limit_of(value, name));
    } else if (name == "tenants" && value.is_object()) {
      for (const auto& [tenant, row] : value.items()) {
        TRY_ASSIGN(limits.tenants[tenant], limit_of(row, "tenants." + tenant));
      }
    } else {
      return fail(ErrorKind::invalid, "'{}' is not known; there are 'default' and 'tenants'", name);
    }
  }
  return limits;
}

const Limit& Limits::of(const std::string& tenant) const {
  const auto found = tenants.find(tenant);
  return found == tenants.end() ? usual : found->second;
}

}  // namespace mill::tenants
