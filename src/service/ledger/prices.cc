#include "service/ledger/prices.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

namespace mill::ledger {
namespace {

using nlohmann::json;

constexpr double kEurosMax = 1e6;  // for a million tokens
constexpr int64_t kNano = 1'000'000'000;

Result<int64_t> nanoeuros_of(const json& value, const std::string& place) {
  const double thousandths = value.is_number() ? value.get<double>() * 1000 : -1;
  if (thousandths < 0 || thousandths > kEurosMax * 1000)
    return fail(ErrorKind::invalid, "{} must be euros for a million tokens, from 0 to {:.0f}",
                place, kEurosMax);
  if (std::abs(thousandths - std::round(thousandths)) > 1e-6)
    return fail(ErrorKind::invalid, "{} is {}; a price has at most three decimals", place,
                value.dump());
  return std::llround(thousandths);
}

Result<Price> price_of(const json& row, const std::string& place) {
  if (!row.is_object()) return fail(ErrorKind::invalid, "{} must be an object of prices", place);
  std::optional<int64_t> prompt, cached, answer, thinking;
  const std::array<std::pair<const char*, std::optional<int64_t>*>, 4> fields = {
      {{"prompt", &prompt}, {"cached", &cached}, {"answer", &answer}, {"thinking", &thinking}}};
  for (const auto& [name, value] : row.items()) {
    bool known = false;
    for (const auto& [field, out] : fields) {
      if (name != field) continue;
      TRY_ASSIGN(*out, nanoeuros_of(value, place + "." + name));
      known = true;
    }
    if (!known)
      return fail(ErrorKind::invalid,
                  "{}.{} is not known; there are prompt, cached, answer and thinking", place, name);
  }
  const int64_t in = prompt.value_or(0), out = answer.value_or(0);
  return Price{in, cached.value_or(in), out, thinking.value_or(out)};
}

}  // namespace

Result<Prices> Prices::parse(const std::string& text) {
  const json whole = json::parse(text, nullptr, false);
  if (!whole.is_object())
    return fail(ErrorKind::invalid,
                "not a JSON object; write {{\"default\": {{\"prompt\": 0.1, \"answer\": 0.4}}}}");
  Prices prices;
  for (const auto& [name, value] : whole.items()) {
    if (name == "default") {
      TRY_ASSIGN(prices.usual, price_of(value, name));
    } else if (name == "models" && value.is_object()) {
      for (const auto& [model, row] : value.items()) {
        TRY_ASSIGN(prices.models[model], price_of(row, "models." + model));
      }
    } else {
      return fail(ErrorKind::invalid, "'{}' is not known; there are 'default' and 'models'", name);
    }
  }
  return prices;
}

const Price& Prices::of(const std::string& model) const {
  const auto found = models.find(model);
  return found == models.end() ? usual : found->second;
}

int64_t Prices::nanoeuros(const std::string& model, const inference::Usage& usage) const {
  const Price& price = of(model);
  const auto tokens = [](uint64_t count) { return static_cast<int64_t>(count); };
  return price.prompt * tokens(usage.prompt - usage.cached) + price.cached * tokens(usage.cached) +
         price.answer * tokens(usage.generated - usage.thinking) +
         price.thinking * tokens(usage.thinking);
}

std::string euros_text(int64_t nanoeuros) {
  return fmt::format("{}.{:09}", nanoeuros / kNano, nanoeuros % kNano);
}

}  // namespace mill::ledger
