#include "service/ledger/schema.h"

#include <array>
#include <string_view>

namespace mill::ledger {
namespace {

constexpr const char* kVersion1 = R"(
  CREATE TABLE request (
    id              TEXT NOT NULL PRIMARY KEY,  -- as the client sees it: X-Request-Id
    tenant          TEXT NOT NULL,      -- '' = no key was asked for
    key             TEXT NOT NULL,      -- id of the key, not the key
    endpoint        TEXT NOT NULL,
    model           TEXT NOT NULL,
    model_digest    TEXT NOT NULL,      -- SHA-256 of the weights
    prompt_tokens   BIGINT NOT NULL,    -- cached ones included
    cached_tokens   BIGINT NOT NULL,
    thinking_tokens BIGINT NOT NULL,
    answer_tokens   BIGINT NOT NULL,    -- without thinking
    ended           BIGINT NOT NULL,    -- seconds since 1970, UTC
    milliseconds    BIGINT NOT NULL,    -- from its arrival to its end
    outcome         TEXT NOT NULL,      -- 'whole', 'cancelled', 'failed'
    nanoeuros       BIGINT NOT NULL
  );
  CREATE INDEX request_by_time ON request (ended, tenant);
)";

constexpr const char* kVersion2 = R"(
  ALTER TABLE request ADD COLUMN millijoules BIGINT NOT NULL DEFAULT 0;
  -- 'rapl', 'model', '' = the energy is not known
  ALTER TABLE request ADD COLUMN energy_source TEXT NOT NULL DEFAULT '';
)";

// A tenant's requests, the latest first, a page at a time: without it, a page of a small tenant's
// reads all that the large ones did in between.
constexpr const char* kVersion3 = R"(
  CREATE INDEX request_by_tenant ON request (tenant, ended, id);
)";

constexpr std::array<const char*, kSchemaVersion> kSteps = {kVersion1, kVersion2, kVersion3};

// In the order of insert_statement()'s parameters; the first is the table's key.
constexpr std::array<std::string_view, 16> kColumns = {
    "id",           "tenant",        "key",           "endpoint",        "model",
    "model_digest", "prompt_tokens", "cached_tokens", "thinking_tokens", "answer_tokens",
    "ended",        "milliseconds",  "outcome",       "nanoeuros",       "millijoules",
    "energy_source"};

Result<void> check_version(int64_t version) {
  if (version < 0 || version > kSchemaVersion)
    return fail(ErrorKind::unsupported,
                "a ledger of version {}; this program knows version {}, so use the program that "
                "made it, or another place",
                version, kSchemaVersion);
  return {};
}

std::string inserting(const std::string& rows) {
  std::string updates;
  for (const std::string_view column : std::span(kColumns).subspan(1))
    updates += fmt::format("{}{} = excluded.{}", updates.empty() ? "" : ", ", column, column);
  return fmt::format("INSERT INTO request ({}) {} ON CONFLICT (id) DO UPDATE SET {}",
                     fmt::join(kColumns, ", "), rows, updates);
}

Result<std::unique_ptr<Database>> opened(const std::string& where, Opening opening) {
  TRY_ASSIGN(auto database, open_database(where, opening));
  TRY_ASSIGN(const int64_t version, database->version());
  TRY(check_version(version));
  if (version < kSchemaVersion) {
    if (const auto made = database->migrate(kSteps); !made)
      return fail(made.error().kind, "the ledger's tables cannot be made ({})",
                  made.error().message);
  }
  TRY(can_write(*database));
  return database;
}

}  // namespace

Result<std::unique_ptr<Database>> open_ledger(const std::string& where, int patience_ms) {
  auto database = opened(where, {.mode = Opening::Mode::create, .patience_ms = patience_ms});
  if (!database) return within(shown(where), std::move(database).error());
  return database;
}

Result<OpenedToRead> open_to_read(const std::string& where, int patience_ms) {
  auto database = open_database(where, {.mode = Opening::Mode::read, .patience_ms = patience_ms});
  if (!database) return within(shown(where), std::move(database).error());
  const auto version = (*database)->version();
  if (!version) return within(shown(where) + ": no ledger", version.error());
  if (*version == 0)
    return fail(ErrorKind::not_found, "{}: no ledger yet; `tokenmill serve --ledger` makes it",
                shown(where));
  if (auto known = check_version(*version); !known)
    return within(shown(where), std::move(known).error());
  return OpenedToRead{std::move(*database), *version};
}

Result<void> can_write(Database& database) {
  TRY(database.query(
      inserting(fmt::format("SELECT {} FROM request WHERE 1 = 0", fmt::join(kColumns, ", ")))));
  return {};
}

std::string insert_statement() {
  std::string values;
  for (size_t i = 1; i <= kColumns.size(); ++i)
    values += fmt::format("{}${}", i == 1 ? "" : ", ", i);
  return inserting(fmt::format("VALUES ({})", values));
}

}  // namespace mill::ledger
