#include "service/tenants/quotas.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace mill::tenants {
namespace {

using http::Problem;
using inference::Demand;

constexpr std::array kAll = {Window::minute, Window::day, Window::month};
constexpr std::array kNames = {"minute", "day", "month"};  // by Window
constexpr int64_t kEndless = std::numeric_limits<int64_t>::max();

std::string shown(const std::string& tenant) {
  return tenant.empty() ? "This server" : "Tenant '" + tenant + "'";
}

// One limit, and how much of it is gone: in tokens, or in nanoeuros.
struct Room {
  Window window;
  Span span;
  bool euros;
  int64_t limit, used, promised;

  int64_t left() const { return limit - used - promised; }
  std::string amount(int64_t value) const {
    return euros ? ledger::euros_text(value) : std::to_string(value);
  }
  std::string whole() const {  // "2000 tokens of this minute"
    return fmt::format("{} {} of this {}", amount(limit), euros ? "euros" : "tokens",
                       kNames[static_cast<size_t>(window)]);
  }
};

// What a request may use of a limit: a part that it surely uses, and more for each token of its
// answers.
struct Need {
  int64_t prompt = 0, per_token = 0;

  int64_t of(int64_t tokens) const { return prompt + tokens * per_token; }
  int64_t tokens_within(int64_t left) const {  // < 0: not even the prompt
    if (prompt > left) return -1;
    return per_token == 0 ? kEndless : (left - prompt) / per_token;
  }
};

Need need_of(const Demand& demand, const ledger::Price& price, bool euros) {
  const auto prompt = static_cast<int64_t>(demand.prompt);
  const auto answers = static_cast<int64_t>(demand.answers);
  if (!euros) return {prompt, answers};
  return {prompt * std::max(price.prompt, price.cached),
          answers * std::max(price.answer, price.thinking)};
}

Problem refusal(const Room& room, std::string message, int64_t retry_after, bool passing) {
  const bool soon = passing || room.window == Window::minute;
  return {.status = 429,
          .message = std::move(message),
          .code = soon ? "rate_limit_exceeded" : "insufficient_quota",
          .retry_after = retry_after};
}

Problem used_up(const std::string& tenant, const Room& room, int64_t now) {
  const int64_t wait = room.span.ends - now;
  return refusal(
      room,
      fmt::format("{} has used {} of its {}; try again in {} s, or have the limit raised",
                  shown(tenant), room.amount(room.used), room.whole(), wait),
      wait, false);
}

// What is promised to others comes back when they end, mostly before the window does.
Problem too_much(const std::string& tenant, const Room& room, int64_t need, int64_t now) {
  const bool passing = need <= room.left() + room.promised;
  const int64_t wait = passing ? 1 : room.span.ends - now;
  std::string others;
  if (room.promised > 0)
    others = fmt::format(", and {} promised to requests under way", room.amount(room.promised));
  return refusal(room,
                 fmt::format("{} has used {} of its {}{}; this request may use {}. Let it ask for "
                             "fewer tokens, or try again in {} s",
                             shown(tenant), room.amount(room.used), room.whole(), others,
                             room.amount(need), wait),
                 wait, passing);
}

}  // namespace

void Quotas::enter(Account& account, Window window, const ledger::Charge& charge, int64_t now) {
  Used& used = account.windows[static_cast<size_t>(window)];
  const int64_t began = window_at(window, now).began;
  if (used.began != began) used = {.began = began};
  used.sum.tokens += static_cast<int64_t>(charge.tokens);
  used.sum.nanoeuros += charge.nanoeuros;
}

Result<void> Quotas::load(const ledger::Ledger& ledger) {
  const int64_t now = options_.unix_time();
  for (const Window window : kAll) {
    TRY_ASSIGN(const auto charges, ledger.since(window_at(window, now).began));
    const std::lock_guard lock(mutex_);
    for (const ledger::Charge& charge : charges)
      enter(accounts_[charge.tenant], window, charge, now);
  }
  return {};
}

void Quotas::add(const ledger::Charge& charge) {
  const int64_t now = options_.unix_time();
  const std::lock_guard lock(mutex_);
  for (const Window window : kAll) enter(accounts_[charge.tenant], window, charge, now);
}

// The lock is held.
template <class See>
void Quotas::each_room(const std::string& tenant, int64_t now, const See& see) {
  const auto limits = options_.limits->get();
  const Limit& limit = limits->of(tenant);
  const auto found = accounts_.find(tenant);
  const Account account = found == accounts_.end() ? Account{} : found->second;
  for (const Window window : kAll) {
    const auto i = static_cast<size_t>(window);
    const Span span = window_at(window, now);
    const Sum used = account.windows[i].began == span.began ? account.windows[i].sum : Sum{};
    if (limit.tokens[i])
      see(Room{window, span, false, *limit.tokens[i], used.tokens, account.promised.tokens});
    if (limit.nanoeuros[i])
      see(Room{window, span, true, *limit.nanoeuros[i], used.nanoeuros,
               account.promised.nanoeuros});
  }
}

std::optional<Problem> Quotas::check(const std::string& tenant) {
  const int64_t now = options_.unix_time();
  std::optional<Problem> refused;
  const std::lock_guard lock(mutex_);
  each_room(tenant, now, [&](const Room& room) {
    if (room.used >= room.limit) refused = used_up(tenant, room, now);
  });
  return refused;
}

http::Checked<inference::Grant> Quotas::reserve(const Demand& demand) {
  const int64_t now = options_.unix_time();
  const ledger::Price price =
      options_.prices ? options_.prices->get()->of(demand.model) : ledger::Price{};
  const int64_t least = demand.answers == 0 ? 0 : demand.open ? 1 : int64_t{demand.each};
  int64_t each = demand.each;
  std::optional<Problem> refused;
  const std::lock_guard lock(mutex_);
  each_room(demand.tenant, now, [&](const Room& room) {
    const Need need = need_of(demand, price, room.euros);
    const int64_t fits = need.tokens_within(room.left());
    if (fits < least) refused = too_much(demand.tenant, room, need.of(least), now);
    each = std::min(each, fits);
  });
  if (refused) return std::unexpected(std::move(*refused));
  const Sum sum{need_of(demand, price, false).of(each), need_of(demand, price, true).of(each)};
  Sum& promised = accounts_[demand.tenant].promised;
  promised.tokens += sum.tokens;
  promised.nanoeuros += sum.nanoeuros;
  const auto release = [self = shared_from_this(), tenant = demand.tenant, sum](const void*) {
    self->release(tenant, sum);
  };
  return inference::Grant{static_cast<uint32_t>(each), std::shared_ptr<const void>(this, release)};
}

void Quotas::release(const std::string& tenant, Sum sum) {
  const std::lock_guard lock(mutex_);
  Sum& promised = accounts_[tenant].promised;
  promised.tokens -= sum.tokens;
  promised.nanoeuros -= sum.nanoeuros;
}

}  // namespace mill::tenants
