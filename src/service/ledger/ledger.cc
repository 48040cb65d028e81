#include "service/ledger/ledger.h"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace mill::ledger {
namespace {

using inference::Outcome;
using inference::Spent;

constexpr const char* kSchema = R"(
  CREATE TABLE request (
    id              TEXT PRIMARY KEY,   -- as the client sees it: X-Request-Id
    tenant          TEXT NOT NULL,      -- '' = no key was asked for
    key             TEXT NOT NULL,      -- id of the key, not the key
    endpoint        TEXT NOT NULL,
    model           TEXT NOT NULL,
    model_digest    TEXT NOT NULL,      -- SHA-256 of the weights
    prompt_tokens   INTEGER NOT NULL,   -- cached ones included
    cached_tokens   INTEGER NOT NULL,
    thinking_tokens INTEGER NOT NULL,
    answer_tokens   INTEGER NOT NULL,   -- without thinking
    ended           INTEGER NOT NULL,   -- seconds since 1970, UTC
    milliseconds    INTEGER NOT NULL,   -- from its arrival to its end
    outcome         TEXT NOT NULL,      -- 'whole', 'cancelled', 'failed'
    nanoeuros       INTEGER NOT NULL,
    millijoules     INTEGER NOT NULL DEFAULT 0,
    energy_source   TEXT NOT NULL DEFAULT ''  -- 'rapl', 'model', '' = the energy is not known
  ) WITHOUT ROWID;
  CREATE INDEX request_by_time ON request (ended, tenant);
)";

constexpr const char* kFromVersion1 = R"(
  ALTER TABLE request ADD COLUMN millijoules INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE request ADD COLUMN energy_source TEXT NOT NULL DEFAULT '';
)";

// A request of a batch that is asked again after a crash has one row: of the answer that was kept.
constexpr const char* kInsert =
    "INSERT OR REPLACE INTO request VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

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

int64_t whole(uint64_t value) { return static_cast<int64_t>(value); }

Result<int64_t> schema_version(Database& database) {
  Statement statement = database.prepare("PRAGMA user_version");
  TRY(statement.step());
  return statement.integer(0);
}

// Two servers may come at once: the first one's transaction makes the tables, whole or not at all.
Result<void> prepare(Database& database) {
  TRY(database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE"));
  TRY_ASSIGN(const int64_t version, schema_version(database));
  if (version < 0 || version > kSchemaVersion)
    return fail(ErrorKind::unsupported,
                "a ledger of version {}; this program knows version {}, so use the program that "
                "made it, or another file",
                version, kSchemaVersion);
  if (version == 0) TRY(database.run(kSchema));
  if (version == 1) TRY(database.run(kFromVersion1));
  TRY(database.run(fmt::format("PRAGMA user_version = {}", kSchemaVersion).c_str()));
  return database.run("COMMIT");
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

}  // namespace

Result<std::shared_ptr<Ledger>> Ledger::open(LedgerOptions options) {
  const std::string path = options.path.string();
  TRY_ASSIGN(Database database,
             Database::open(options.path, Database::Mode::create, options.busy_ms));
  if (auto ready = prepare(database); !ready) return within(path, std::move(ready).error());
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
  const std::lock_guard lock(mutex_);
  queue_.push_back({std::move(spent), nanoeuros, std::move(kept)});
  wake_.notify_one();
}

// After a commit that failed, it looks once a second whether the ledger works again.
void Ledger::run() {
  constexpr std::chrono::seconds kAgain{1};
  std::unique_lock lock(mutex_);
  while (true) {
    const auto due = [this] { return stopping_ || !queue_.empty(); };
    if (stats_.working)
      wake_.wait(lock, due);
    else
      wake_.wait_for(lock, kAgain, due);
    const std::vector<Entry> group = std::exchange(queue_, {});
    if (stopping_ && group.empty()) return;
    lock.unlock();
    const Result<void> kept = commit(group);
    lock.lock();
    stats_.working = kept.has_value();
    (kept ? stats_.records : stats_.lost) += group.size();
    ++stats_.commits;
    lock.unlock();
    for (const Entry& entry : group) {  // counted by now, for whoever asks once told
      if (!kept) fmt::print(stderr, "{}\n", line_of(entry.spent, entry.nanoeuros));
      entry.kept(kept);
    }
    lock.lock();
  }
}

Result<void> Ledger::commit(const std::vector<Entry>& group) {
  auto kept = insert(group);
  if (kept) return {};
  static_cast<void>(database_.run("ROLLBACK"));  // fails where there was no BEGIN
  return fail(ErrorKind::io, "The request could not be entered in the ledger ({})",
              kept.error().message);
}

Result<void> Ledger::insert(const std::vector<Entry>& group) {
  TRY(database_.run("BEGIN IMMEDIATE"));
  Statement row = database_.prepare(kInsert);
  for (const Entry& entry : group) {
    const Spent& it = entry.spent;
    row.bind(it.request).bind(it.caller.tenant).bind(it.caller.key).bind(it.endpoint);
    row.bind(it.model).bind(it.digest).bind(whole(it.usage.prompt)).bind(whole(it.usage.cached));
    row.bind(whole(it.usage.thinking)).bind(whole(it.usage.generated - it.usage.thinking));
    row.bind(it.ended).bind(it.nanoseconds / 1'000'000).bind(name_of(it.outcome));
    row.bind(entry.nanoeuros).bind(std::llround(it.usage.joules * 1000));
    TRY(row.bind(options_.energy_source).run());
  }
  return database_.run("COMMIT");
}

LedgerStats Ledger::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

// By a connection of its own, so that the ledger's thread is not in the way.
Result<std::vector<Charge>> Ledger::since(int64_t time) const {
  TRY_ASSIGN(Database reader,
             Database::open(options_.path, Database::Mode::read, options_.busy_ms));
  Statement rows = reader.prepare(
      "SELECT tenant, SUM(prompt_tokens + thinking_tokens + answer_tokens), SUM(nanoeuros) "
      "FROM request WHERE ended >= ? AND outcome != 'failed' GROUP BY tenant");
  rows.bind(time);
  std::vector<Charge> found;
  while (true) {
    TRY_ASSIGN(const bool more, rows.step());
    if (!more) return found;
    found.push_back({rows.text(0), static_cast<uint64_t>(rows.integer(1)), rows.integer(2)});
  }
}

}  // namespace mill::ledger
