#include "service/web/tenant_page.h"

#include <array>
#include <map>
#include <set>

namespace mill::web {
namespace {

using http::Json;
using tenants::Window;

constexpr std::array kWindows = {std::pair{Window::minute, "minute"}, std::pair{Window::day, "day"},
                                 std::pair{Window::month, "month"}};

struct Use {
  std::array<ledger::Charge, kWindows.size()> windows = {};
};
using Uses = std::map<std::string, Use>;

Result<Uses> uses_of(const Books& books, int64_t now) {
  Uses uses;
  if (!books.charges) return uses;
  for (size_t i = 0; i < kWindows.size(); ++i) {
    TRY_ASSIGN(const auto charges, books.charges(tenants::window_at(kWindows[i].first, now).began));
    for (const ledger::Charge& charge : charges) uses[charge.tenant].windows[i] = charge;
  }
  return uses;
}

bool valid(const tenants::Key& key, int64_t now) {
  return (key.revoked == 0 || key.revoked > now) && (key.expires == 0 || key.expires > now);
}

Json keys_json(const Books& books, const std::string& tenant, int64_t now) {
  if (!books.keys) return nullptr;
  const auto ring = books.keys->get();
  return std::ranges::count_if(
      ring->keys, [&](const tenants::Key& key) { return key.tenant == tenant && valid(key, now); });
}

Json use_json(const Use& use) {
  Json json = Json::object();
  for (size_t i = 0; i < kWindows.size(); ++i)
    json[kWindows[i].second] = {{"tokens", use.windows[i].tokens},
                                {"euros", ledger::euros_text(use.windows[i].nanoeuros)}};
  return json;
}

Json limits_json(const Books& books, const std::string& tenant) {
  if (!books.limits) return nullptr;
  const auto limits = books.limits->get();
  const tenants::Limit& limit = limits->of(tenant);
  const auto number = [](const std::optional<int64_t>& value, double scale) -> Json {
    if (!value) return nullptr;
    if (scale == 1) return *value;
    return static_cast<double>(*value) / scale;
  };
  const auto at = [](Window window) { return static_cast<size_t>(window); };
  return {{"tokens_per_minute", number(limit.tokens[at(Window::minute)], 1)},
          {"tokens_per_day", number(limit.tokens[at(Window::day)], 1)},
          {"tokens_per_month", number(limit.tokens[at(Window::month)], 1)},
          {"euros_per_day", number(limit.nanoeuros[at(Window::day)], 1e9)},
          {"euros_per_month", number(limit.nanoeuros[at(Window::month)], 1e9)}};
}

// A nanoeuro a token is a thousandth of a euro for a million of them.
Json price_json(const ledger::Price& price) {
  const auto euros = [](int64_t nanoeuros) { return static_cast<double>(nanoeuros) / 1e3; };
  return {{"prompt", euros(price.prompt)},
          {"cached", euros(price.cached)},
          {"answer", euros(price.answer)},
          {"thinking", euros(price.thinking)}};
}

Json prices_json(const Books& books) {
  if (!books.prices) return nullptr;
  const auto prices = books.prices->get();
  Json models = Json::object();
  for (const auto& [model, price] : prices->models) models[model] = price_json(price);
  return {{"default", price_json(prices->usual)}, {"models", std::move(models)}};
}

Result<Json> bill_json(const Books& books, const Viewer& viewer, Period period) {
  if (!books.bill) return Json();
  TRY_ASSIGN(
      auto rows,
      books.bill({.ledger = {}, .since = period.since, .until = period.until, .tenant = {}}));
  std::erase_if(rows, [&](const ledger::BillRow& row) { return !viewer.sees(row.tenant); });
  Json bill = {{"since_ms", static_cast<double>(period.since) * 1e3}, {"until_ms", nullptr}};
  if (period.until != INT64_MAX) bill["until_ms"] = static_cast<double>(period.until) * 1e3;
  bill.update(Json::parse(ledger::bill_json(rows)));
  return bill;
}

// Whoever has a key, a limit of his own, or something on the bills of this month.
std::set<std::string> names(const Books& books, const Uses& uses, const Viewer& viewer) {
  std::set<std::string> all;
  if (!viewer.all) return {viewer.tenant};
  for (const auto& [tenant, use] : uses) all.insert(tenant);
  if (books.keys)
    for (const auto ring = books.keys->get(); const tenants::Key& key : ring->keys)
      all.insert(key.tenant);
  if (books.limits)
    for (const auto limits = books.limits->get(); const auto& [tenant, limit] : limits->tenants)
      all.insert(tenant);
  return all;
}

}  // namespace

Result<Json> tenants_json(const Books& books, const Viewer& viewer, Period period, int64_t now) {
  TRY_ASSIGN(Uses uses, uses_of(books, now));
  TRY_ASSIGN(Json bill, bill_json(books, viewer, period));
  Json list = Json::array();
  for (const std::string& tenant : names(books, uses, viewer)) {
    Json use;
    if (books.charges) use = use_json(uses[tenant]);
    list.push_back({{"tenant", tenant},
                    {"keys", keys_json(books, tenant, now)},
                    {"use", std::move(use)},
                    {"limits", limits_json(books, tenant)}});
  }
  return Json{{"object", "console.tenants"},
              {"view", viewer.all ? "all" : "tenant"},
              {"ledger", books.charges != nullptr},
              {"time_ms", static_cast<double>(now) * 1e3},
              {"tenants", std::move(list)},
              {"prices", prices_json(books)},
              {"bill", std::move(bill)}};
}

}  // namespace mill::web
