#include "service/ledger/ledger.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "service/ledger/schema.h"

namespace mill::ledger {
namespace {

using inference::Outcome;
using inference::Spent;

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::whole:
      return "whole";
    case Outcome::cancelled:
      return "cancelled";
    case Outcome::failed:
      return "failed";
  }
  return "";
}

// For whoever has to enter it by hand, because the ledger could not take it.
std::string line_of(const Spent& spent, int64_t nanoeuros) {
  const nlohmann::ordered_json line = {{"unrecorded", spent.request},
                                       {"tenant", spent.caller.tenant},
                                       {"key", spent.caller.key},
                                       {"endpoint", spent.endpoint},
                                       {"model", spent.model},
                                       {"prompt_tokens", spent.usage.prompt},
                                       {"cached_tokens", spent.usage.cached},
                                       {"thinking_tokens", spent.usage.thinking},
                                       {"generated_tokens", spent.usage.generated},
                                       {"ended", spent.ended},
                                       {"outcome", name_of(spent.outcome)},
                                       {"nanoeuros", nanoeuros},
                                       {"joules", spent.usage.joules}};
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// Once for each outage, for whoever runs the server; clients need not know where the ledger lies.
void tell_change(bool worked, const Result<void>& now) {
  if (worked && !now)
    fmt::print(stderr, "the ledger: {}; requests are refused until it works\n",
               now.error().message);
  if (!worked && now) fmt::print(stderr, "the ledger works again\n");
}

}  // namespace

Result<std::shared_ptr<Ledger>> Ledger::open(LedgerOptions options) {
  TRY_ASSIGN(auto database, open_ledger(options.where, options.busy_ms));
  std::shared_ptr<Ledger> ledger(new Ledger(std::move(options), std::move(database)));
  ledger->thread_ = std::thread([raw = ledger.get()] { raw->run(); });
  return ledger;
}

Ledger::~Ledger() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Ledger::record(Spent spent, inference::Kept kept) {
  int64_t nanoeuros = 0;
  const bool billed = spent.outcome != Outcome::failed;
  if (billed && options_.prices)
    nanoeuros = options_.prices->get()->nanoeuros(spent.model, spent.usage);
  if (billed && options_.charged)
    options_.charged({spent.caller.tenant, spent.usage.prompt + spent.usage.generated, nanoeuros});
  const auto late = Clock::now() + std::chrono::milliseconds(options_.busy_ms);
  const std::lock_guard lock(mutex_);
  queue_.push_back({std::move(spent), nanoeuros, std::move(kept), late});
  wake_.notify_one();
}

void Ledger::run() {
  while (true) {
    std::vector<Entry> group = await_group();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ && group.empty() && queue_.empty()) return;
    }
    const Result<void> kept = commit(group);
    settle(std::move(group), kept);
  }
}

// What waits now, once something does; after a commit that failed, a second later, whatever waits:
// perhaps the ledger works again. While there is something to take back, nothing may wait, too.
std::vector<Ledger::Entry> Ledger::await_group() {
  constexpr std::chrono::seconds kAgain{1};
  std::unique_lock lock(mutex_);
  const auto due = [this] {
    return stats_.working ? stopping_ || !queue_.empty() : stopping_ && queue_.empty();
  };
  if (stats_.working && denied_.empty())
    wake_.wait(lock, due);
  else
    wake_.wait_for(lock, kAgain, due);
  return std::exchange(queue_, {});
}

// Leaves in the group those who have waited for long enough.
std::vector<Ledger::Entry> Ledger::take_patient(std::vector<Entry>& group) {
  const auto patient = [now = Clock::now()](const Entry& it) { return now < it.late; };
  const auto late = std::stable_partition(group.begin(), group.end(), patient);
  std::vector<Entry> taken{std::move_iterator(group.begin()), std::move_iterator(late)};
  group.erase(group.begin(), late);
  return taken;
}

// Whoever may still wait is queued again; the others are told.
void Ledger::settle(std::vector<Entry> group, const Result<void>& kept) {
  std::vector<Entry> again = kept ? std::vector<Entry>() : take_patient(group);
  bool worked = true;
  {
    const std::lock_guard lock(mutex_);
    queue_.insert(queue_.begin(), std::move_iterator(again.begin()),
                  std::move_iterator(again.end()));
    worked = std::exchange(stats_.working, kept.has_value());
    if (!kept) stats_.trouble = kept.error().message;
    (kept ? stats_.records : stats_.lost) += group.size();
    ++stats_.commits;
  }
  tell_change(worked, kept);
  const Result<void> told =
      kept ? kept
           : fail(ErrorKind::io, "The request could not be entered in the ledger; try again");
  for (const Entry& entry : group) {  // counted by now, for whoever asks once told
    if (!kept) fmt::print(stderr, "{}\n", line_of(entry.spent, entry.nanoeuros));
    if (!kept) denied_.push_back({entry.spent.request});
    entry.kept(told);
  }
}

// A connection that was idle may have broken long ago: a new one, and it is no failure yet.
Result<void> Ledger::commit(const std::vector<Entry>& group) {
  auto kept = try_commit(group);
  if (!kept && database_ && database_->lost()) kept = try_commit(group);
  return kept;
}

Result<void> Ledger::try_commit(const std::vector<Entry>& group) {
  TRY(connect());
  end_lost_sessions();
  std::vector<Row> rows;
  for (const Entry& entry : group) rows.push_back(row_of(entry));
  if (auto done = rows.empty() ? can_write(*database_) : database_->write(insert_statement(), rows);
      !done)
    return within(shown(options_.where), std::move(done).error());
  // A request of a batch is made again under the same id, and now it has not failed.
  for (const Entry& entry : group) std::erase(denied_, Row{entry.spent.request});
  take_back_denied();
  return {};
}

Result<void> Ledger::connect() {
  if (database_ && !database_->lost()) return {};
  if (database_ && !database_->session().empty()) sessions_.push_back(database_->session());
  database_ = nullptr;
  TRY_ASSIGN(database_, open_ledger(options_.where, options_.busy_ms));
  return {};
}

// Before our own work, which would wait for the rows that theirs has locked.
void Ledger::end_lost_sessions() {
  std::erase_if(sessions_, [this](const Row& session) {
    const auto ended = database_->end_session(session);
    return ended && *ended;
  });
}

// Not before it is certain that nobody enters them any more. What fails is tried again later.
void Ledger::take_back_denied() {
  if (denied_.empty() || !sessions_.empty()) return;
  const char* const failed = "UPDATE request SET outcome = 'failed', nanoeuros = 0 WHERE id = $1";
  if (database_->write(failed, denied_)) denied_.clear();
}

Row Ledger::row_of(const Entry& entry) const {
  const Spent& it = entry.spent;
  const auto text = [](auto number) { return std::to_string(number); };
  return {it.request,
          it.caller.tenant,
          it.caller.key,
          it.endpoint,
          it.model,
          it.digest,
          text(it.usage.prompt),
          text(it.usage.cached),
          text(it.usage.thinking),
          text(it.usage.generated - it.usage.thinking),
          text(it.ended),
          text(it.nanoseconds / 1'000'000),
          std::string(name_of(it.outcome)),
          text(entry.nanoeuros),
          text(std::llround(it.usage.joules * 1000)),
          options_.energy_source};
}

LedgerStats Ledger::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

// By a connection of its own, so that the ledger's thread is not in the way.
Result<std::vector<Charge>> Ledger::since(int64_t time) const {
  constexpr int kSums = 60'000;  // ms, of a month's rows
  TRY_ASSIGN(const OpenedToRead reader, open_to_read(options_.where, kSums));
  const auto rows = reader.database->query(
      "SELECT tenant, CAST(SUM(prompt_tokens + thinking_tokens + answer_tokens) AS BIGINT), "
      "CAST(SUM(nanoeuros) AS BIGINT) "
      "FROM request WHERE ended >= $1 AND outcome != 'failed' GROUP BY tenant",
      {std::to_string(time)});
  if (!rows) return within(shown(options_.where), rows.error());
  std::vector<Charge> found;
  for (const Row& row : *rows)
    found.push_back({row[0], static_cast<uint64_t>(whole_number(row[1])), whole_number(row[2])});
  return found;
}

}  // namespace mill::ledger
