#include "service/tenants/quotas.h"

namespace mill::tenants {
namespace {

constexpr std::array kAll = {Window::minute, Window::day, Window::month};
constexpr std::array kNames = {"minute", "day", "month"};  // by Window

std::string shown(const std::string& tenant) {
  return tenant.empty() ? "This server" : "Tenant '" + tenant + "'";
}

}  // namespace

void Quotas::enter(Windows& windows, Window window, const ledger::Charge& charge, int64_t now) {
  Used& used = windows[static_cast<size_t>(window)];
  const int64_t began = window_at(window, now).began;
  if (used.began != began) used = {.began = began};
  used.tokens += static_cast<int64_t>(charge.tokens);
  used.nanoeuros += charge.nanoeuros;
}

Result<void> Quotas::load(const ledger::Ledger& ledger, int64_t now) {
  for (const Window window : kAll) {
    TRY_ASSIGN(const auto charges, ledger.since(window_at(window, now).began));
    const std::lock_guard lock(mutex_);
    for (const ledger::Charge& charge : charges) enter(used_[charge.tenant], window, charge, now);
  }
  return {};
}

void Quotas::add(const ledger::Charge& charge, int64_t now) {
  const std::lock_guard lock(mutex_);
  for (const Window window : kAll) enter(used_[charge.tenant], window, charge, now);
}

std::optional<Excess> Quotas::check(const std::string& tenant, int64_t now) {
  const auto limits = limits_->get();
  const Limit& limit = limits->of(tenant);
  const std::lock_guard lock(mutex_);
  const auto found = used_.find(tenant);
  std::optional<Excess> excess;
  for (const Window window : kAll) {
    const auto i = static_cast<size_t>(window);
    const Span span = window_at(window, now);
    Used used = found == used_.end() ? Used{} : found->second[i];
    if (used.began != span.began) used = {};
    std::string what;
    if (limit.tokens[i] && used.tokens >= *limit.tokens[i])
      what = fmt::format("{} of its {} tokens", used.tokens, *limit.tokens[i]);
    if (limit.nanoeuros[i] && used.nanoeuros >= *limit.nanoeuros[i])
      what = fmt::format("{} of its {} euros", ledger::euros_text(used.nanoeuros),
                         ledger::euros_text(*limit.nanoeuros[i]));
    if (what.empty()) continue;
    excess = {.message = fmt::format("{} has used {} of this {}; try again in {} s, or have the "
                                     "limit raised",
                                     shown(tenant), what, kNames[i], span.ends - now),
              .retry_after = span.ends - now,
              .passing = window == Window::minute};
  }
  return excess;
}

}  // namespace mill::tenants
